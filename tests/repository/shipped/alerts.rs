//! The remedies of the program to the alerts and runbooks that tell them too, and the alerts to those for Kubernetes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use smtp_tls_exporter::advice::{Blanks, alerts, worded};
use smtp_tls_exporter::reason::Reason;

use super::generated::{Outcome, generated, read, whole};
use super::reasons::{NAMES, sentence};
use super::wrapped::wrapped;

const RULES: &str = "alerts/smtp-tls.rules.yml";

/// Alerts that no reason of an endpoint or target causes. They say themselves what comes first.
const WITHOUT: [&str; 9] = [
    "SmtpTlsVantagesDisagree",
    "SmtpTlsExporterDown",
    "SmtpTlsTargetsMissing",
    "SmtpTlsFileBroken",
    "SmtpTlsResultsStale",
    "SmtpTlsTargetVanished",
    "SmtpTlsConfigReloadFailed",
    "SmtpTlsDaneLost",
    "SmtpTlsMtaStsHostCertificateExpiring",
];

/// For a reason that is not known, or caused by what another alert tells.
const ELSE: &str =
    "open the target's page in the exporter, or run smtp-tls-exporter check: both say what to do";

/// The same, for what is seen from inside.
const ELSE_INSIDE: &str = "open the server's page in the exporter, or run smtp-tls-exporter check --inside: both say what to do";

/// Where the remedy begins in the description of an alert; it ends with the description.
const MARK: &str = "            {{- /* remedy */}}\n";

#[test]
fn alerts_and_runbooks_tell_the_remedies() -> Outcome {
    let rules = read(RULES);
    let mut told = String::new();
    for block in rules.split_inclusive("\n\n") {
        told += &with_remedy(block)?;
    }
    whole(RULES, &told)?;
    for block in read(RULES)
        .split_inclusive("\n\n")
        .filter(|block| name_in(block).is_some())
    {
        let name = name_in(block).ok_or("no name")?;
        let file = format!("docs/runbooks/{name}.md");
        generated(
            &file,
            ("<!-- first -->\n\n", "\n<!-- end -->"),
            &first_step(name, block)?,
        )?;
    }
    for_kubernetes(&read(RULES))
}

/// The rules of the Prometheus Operator are those of Prometheus, two spaces further in.
fn for_kubernetes(rules: &str) -> Outcome {
    let at = rules.find("\ngroups:\n").ok_or("no groups")?;
    let moved = rules[at..].lines().skip(1).map(|line| match line {
        "" => "\n".to_owned(),
        line => format!("  {line}\n"),
    });
    let file = "examples/kubernetes/prometheusrule.yml";
    generated(file, ("\nspec:\n", ""), &moved.collect::<String>())
}

#[test]
fn every_alert_has_a_cause_or_says_that_it_has_none() -> Outcome {
    let rules = read(RULES);
    let known: BTreeSet<_> = rules.split("\n\n").filter_map(name_in).collect();
    let caused = Reason::ALL.iter().flat_map(|reason| alerts(*reason));
    let named: BTreeSet<_> = caused.copied().chain(WITHOUT).collect();
    if let Some(alert) = known.difference(&named).next() {
        let mend = "name it beside the reasons that cause it in src/advice/alert.rs, or in WITHOUT in tests/repository/shipped/alerts.rs";
        return Err(format!("{alert}: {mend}").into());
    }
    if let Some(alert) = named.difference(&known).next() {
        return Err(format!(
            "{alert}: src/advice/alert.rs names it, and {RULES} has no such alert"
        )
        .into());
    }
    Ok(())
}

fn name_in(block: &str) -> Option<&str> {
    let mut lines = block.lines();
    lines.find_map(|line| line.trim().strip_prefix("- alert: "))
}

/// A block of the rules, with what is to be done at its end where it is an alert with a cause.
fn with_remedy(block: &str) -> Result<String, String> {
    let remedies = name_in(block).map(remedies).unwrap_or_default();
    if remedies.is_empty() {
        return Ok(block.to_owned());
    }
    let lost = || {
        format!(
            "{RULES}: end the description of {:?} with the line {MARK:?}",
            name_in(block)
        )
    };
    let (before, _) = block.split_once(MARK).ok_or_else(lost)?;
    let end = if block.ends_with("\n\n") { "\n" } else { "" };
    Ok(format!(
        "{before}{MARK}{}{end}",
        in_template(&remedies, before)
    ))
}

/// The reasons that an alert can have, by what helps against them.
fn remedies(alert: &str) -> Vec<(String, Vec<Reason>)> {
    let mut found: Vec<(String, Vec<Reason>)> = Vec::new();
    let causes = Reason::ALL
        .iter()
        .filter(|reason| alerts(**reason).contains(&alert));
    for reason in causes {
        // Whatever is filled in, equal words stay equal.
        let words = worded(*reason, &Blanks::default());
        match found.iter_mut().find(|(known, _)| *known == words) {
            Some((_, reasons)) => reasons.push(*reason),
            None => found.push((words, vec![*reason])),
        }
    }
    found
}

/// The remedy in the language of Prometheus' templates. With several, `$reason` chooses.
fn in_template(remedies: &[(String, Vec<Reason>)], before: &str) -> String {
    let first = |words: &str| format!("{}\n", indented(&format!("First: {words}.")));
    let blanks = blanks(before);
    let told = |reason| first(&worded(reason, &blanks));
    if let [(_, reasons)] = remedies {
        return told(reasons[0]);
    }
    let mut text = if before.contains("$reason := ") {
        String::new()
    } else {
        asked(remedies)
    };
    for (nth, (_, reasons)) in remedies.iter().enumerate() {
        let names: Vec<_> = reasons
            .iter()
            .map(|r| format!("{:?}", r.as_str()))
            .collect();
        let word = if nth == 0 { "if" } else { "else if" };
        let condition = format!("{{{{- {word} eq $reason {} }}}}", names.join(" "));
        let _ = write!(text, "{}\n{}", indented(&condition), told(reasons[0]));
    }
    let (otherwise, end) = (indented("{{- else }}"), indented("{{- end }}"));
    text + &format!("{otherwise}\n{}{end}\n", first(elsewhere(before)))
}

/// What an alert calls the things that the words of a remedy leave open: the variables that its description has set, else
/// its labels.
fn blanks(before: &str) -> Blanks<'static> {
    let named = |name, variable, label| {
        let is_set = before.contains(&format!("${name} := "));
        if is_set { variable } else { label }
    };
    Blanks {
        // An alert about a whole target names the addresses before.
        at: if before.contains("at {{ $labels.address }} port {{ $labels.port }}") {
            "{{ $labels.address }} port {{ $labels.port }}"
        } else {
            "the addresses above"
        },
        target: if before.contains("$labels.target") {
            "{{ $labels.target }}"
        } else {
            "{{ $labels.connector }}"
        },
        view: "{{ $labels.view }}",
        server: named("servers", "{{ $servers }}", "{{ $labels.server }}"),
        connector: named("connector", "{{ $connector }}", "{{ $labels.connector }}"),
        next_hop: named("hop", "{{ $hop }}", "{{ $labels.next_hop }}"),
    }
}

/// What to read where no remedy is known.
fn elsewhere(before: &str) -> &'static str {
    if before.contains("$labels.target") {
        ELSE
    } else {
        ELSE_INSIDE
    }
}

/// The endpoint's state has the reason; one of another alert does not count.
fn asked(remedies: &[(String, Vec<Reason>)]) -> String {
    let reasons = remedies.iter().flat_map(|(_, reasons)| reasons);
    let names: Vec<_> = reasons.map(|reason| reason.as_str()).collect();
    let state = format!(
        "smtp_tls_state{{reason=~\\\"{}\\\", %[1]s}}",
        names.join("|")
    );
    let lines = [
        "{{- $reason := \"\" }}".to_owned(),
        "{{- with printf \"job=%q, instance=%q, vantage=%q, target=%q, address=%q, port=%q, view=%q, offer=%q\"".to_owned(),
        "$labels.job $labels.instance $labels.vantage $labels.target $labels.address $labels.port $labels.view $labels.offer }}"
            .to_owned(),
        format!(
            "{{{{- range query (printf \"topk(1, timestamp({state}) or max_over_time(timestamp({state})[1h:1m]))\" .) }}}}"
        ),
        "{{- $reason = .Labels.reason }}".to_owned(),
        "{{- end }}".to_owned(),
        "{{- end }}".to_owned(),
    ];
    lines.map(|line| format!("            {line}\n")).concat()
}

fn indented(text: &str) -> String {
    let lines = wrapped(text, 108);
    let lines: Vec<_> = lines
        .lines()
        .map(|line| format!("            {line}"))
        .collect();
    lines.join("\n")
}

/// What a runbook begins with: what its alert says.
fn first_step(alert: &str, block: &str) -> Result<String, String> {
    let told = |reason| worded(reason, &NAMES);
    match remedies(alert).as_slice() {
        [] => {
            let (_, own) = block
                .split_once("First: ")
                .ok_or_else(|| format!("{RULES}: {alert}: what comes first?"))?;
            let own = own.split_whitespace().collect::<Vec<_>>().join(" ");
            Ok(format!("{}\n", wrapped(&format!("First: {own}"), 120)))
        }
        [(_, reasons)] => Ok(format!(
            "{}\n",
            wrapped(&format!("First: {}.", told(reasons[0])), 120)
        )),
        several => {
            let mut table = "| reason | first |\n|---|---|\n".to_owned();
            for (_, reasons) in several {
                let names: Vec<_> = reasons
                    .iter()
                    .map(|r| format!("`{}`", r.as_str()))
                    .collect();
                let _ = writeln!(
                    table,
                    "| {} | {} |",
                    names.join(", "),
                    sentence(&told(reasons[0]))
                );
            }
            Ok(table)
        }
    }
}
