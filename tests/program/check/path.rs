//! What the certificates of a path may be used for, and what no path needs, as `check` judges it.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose as Purpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose as Usage,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::Value;
use testkit::World;
use testkit::odd::Odd;
use testkit::peer::Credentials;

use super::{HOST, server};
use crate::run;

/// `ecdsa-with-SHA1` as an AlgorithmIdentifier.
const ECDSA_WITH_SHA1: &[u8] = b"\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01";

/// What `check` says of one endpoint.
struct Said {
    code: Option<i32>,
    endpoint: Value,
}

impl Said {
    fn check(&self, name: &str) -> &Value {
        let checks = self.endpoint["checks"].as_array().unwrap();
        checks.iter().find(|check| check["check"] == name).unwrap()
    }

    /// Every check that did not pass, with its reason, where it has one.
    fn complaints(&self) -> Vec<(&str, &str)> {
        let checks = self.endpoint["checks"].as_array().unwrap();
        checks
            .iter()
            .filter(|check| ["fail", "unknown"].contains(&check["result"].as_str().unwrap()))
            .map(|c| {
                (
                    c["check"].as_str().unwrap(),
                    c["reason"].as_str().unwrap_or(""),
                )
            })
            .collect()
    }
}

async fn check(world: &World, credentials: Credentials) -> Said {
    let (_server, at) = server(credentials).await;
    let roots = world.path("root.pem").display().to_string();
    let ended = run(&[
        "check",
        &at,
        "--roots",
        &roots,
        "--server-name",
        HOST,
        "--json",
    ])
    .await;
    let report: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    Said {
        code: ended.code,
        endpoint: report["targets"][0]["endpoints"][0].clone(),
    }
}

type Change = fn(&mut CertificateParams);

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A leaf below an intermediate below a root, which becomes `root.pem`.
fn below(world: &World, issuing: Change, change: Change) -> Credentials {
    let ca = |name: &str| {
        let mut ca = named(name);
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca
    };
    let (root, root_key) = (ca("Path Root"), KeyPair::generate().unwrap());
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    std::fs::write(world.path("root.pem"), root_pem).unwrap();
    let root = Issuer::new(root, root_key);
    let mut intermediate = ca("Path CA");
    issuing(&mut intermediate);
    let intermediate_key = KeyPair::generate().unwrap();
    let presented = intermediate.signed_by(&intermediate_key, &root).unwrap();
    let intermediate = Issuer::new(intermediate, intermediate_key);
    let mut leaf = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    change(&mut leaf);
    // Long enough for no warning, whenever this test runs.
    leaf.not_after = rcgen::date_time_ymd(2200, 1, 1);
    let key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&key, &intermediate).unwrap();
    Credentials {
        chain: vec![leaf.der().clone(), presented.der().clone()],
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    }
}

#[tokio::test]
async fn key_usages_and_issuers_purposes_are_judged() {
    let none: Change = |_| ();
    let enciphers: Change = |leaf| leaf.key_usages = vec![Usage::KeyEncipherment];
    let of_a_ca: Change = |leaf| leaf.key_usages = vec![Usage::KeyCertSign, Usage::CrlSign];
    let for_clients: Change = |ca| ca.extended_key_usages = vec![Purpose::ClientAuth];
    let no_signer: Change = |ca| ca.key_usages = vec![Usage::DigitalSignature];
    let usage = ("key_usage", "key_usage_missing");
    let issuer = ("issuer_purpose", "issuer_unfit");
    let world = World::today();
    for (issuing, leaf, state, code, complaints) in [
        (none, none, "Healthy", 0, vec![]),
        (none, enciphers, "Weak", 1, vec![usage]),
        (
            none,
            of_a_ca,
            "Untrusted",
            2,
            vec![("eku_server", usage.1), usage],
        ),
        (for_clients, none, "Untrusted", 2, vec![issuer]),
        (no_signer, none, "Untrusted", 2, vec![issuer]),
    ] {
        let said = check(&world, below(&world, issuing, leaf)).await;
        assert_eq!(said.complaints(), complaints);
        assert_eq!(said.endpoint["state"], state, "{complaints:?}");
        assert_eq!(said.code, Some(code), "{complaints:?}");
        for (name, _) in complaints {
            let evidence = said.check(name)["evidence"].as_str().unwrap();
            assert!(evidence.contains("(RFC "), "{evidence}");
        }
    }
}

#[tokio::test]
async fn what_no_path_needs_is_a_remark() {
    let world = World::today();
    let mut credentials = below(&world, |_| (), |_| ());
    let old = Odd {
        subject: Odd::common_name("Path Root"),
        algorithm: ECDSA_WITH_SHA1,
        ..Odd::default()
    };
    credentials.chain.extend(old.credentials().chain);
    let said = check(&world, credentials).await;
    assert_eq!(said.endpoint["chain"].as_array().unwrap().len(), 3);
    assert_eq!((said.code, said.complaints()), (Some(0), vec![]));
    assert_eq!(said.endpoint["state"], "Healthy");
    let signature = said.check("signature");
    assert_eq!(signature["result"], "pass");
    assert_eq!(
        signature["evidence"],
        "'CN=Path Root' is signed with ecdsa-with-SHA1, which no path needs"
    );
    assert_eq!(said.check("key_strength")["evidence"], Value::Null);
}

/// All issuers have one name, and the last that is tried is always the right one: that takes more signatures than a
/// stranger gets, though the way that they hide leads to the root.
#[tokio::test]
async fn more_ways_than_are_tried_are_undecided() {
    const WALLS: usize = 18;
    let world = World::today();
    let mut maze = named("Maze");
    maze.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let keys: Vec<_> = (0..=WALLS).map(|_| KeyPair::generate().unwrap()).collect();
    let root = maze.self_signed(&keys[0]).unwrap().pem();
    std::fs::write(world.path("root.pem"), root).unwrap();
    let by = |nth: usize| Issuer::from_params(&maze, &keys[nth]);
    let walls = (1..=WALLS).map(|nth| maze.signed_by(&keys[nth], &by(nth - 1)).unwrap());
    let mut leaf = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    leaf.not_after = rcgen::date_time_ymd(2200, 1, 1);
    let key = KeyPair::generate().unwrap();
    let leaf = leaf.signed_by(&key, &by(WALLS)).unwrap();
    let chain = std::iter::once(leaf.der().clone()).chain(walls.map(|wall| wall.der().clone()));
    let credentials = Credentials {
        chain: chain.collect(),
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    };
    let said = check(&world, credentials).await;
    assert_eq!(
        (said.code, &said.endpoint["state"]),
        (Some(3), &"Undecided".into())
    );
    let trust = said.check("trust");
    assert_eq!(trust["result"], "unknown");
    let evidence = trust["evidence"].as_str().unwrap();
    assert!(evidence.contains("too many ways to try"), "{evidence}");
    assert!(said.endpoint["expires_in_seconds"].as_i64() > Some(0));
}
