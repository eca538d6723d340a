#!/bin/sh
# Makes the certificates of the story anew, with keys that are thrown away. Their thumbprints change; afterwards write
# the inventories anew: pwsh tests/exchange/regenerate.ps1
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
touch index.txt
cat > ca.cnf <<END
[ca]
default_ca = story
[story]
database = index.txt
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
rand_serial = yes
x509_extensions = leaf
[any]
countryName = optional
localityName = optional
organizationName = optional
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
keyUsage = digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:mailrelay.pokebearswithsticks.com
[req]
distinguished_name = name
[name]
END

# authority NAME SUBJECT: one that signs.
authority() {
    openssl req -config ca.cnf -x509 -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.pem" -subj "$2" -days 1 \
        -addext basicConstraints=critical,CA:TRUE
}

# leaf NAME AUTHORITY FROM TO: the certificate of the mail relay, by this authority.
leaf() {
    openssl req -config ca.cnf -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr \
        -subj "/C=US/L=Bearville/O=BearWorld/CN=mailrelay.pokebearswithsticks.com"
    openssl ca -config ca.cnf -batch -notext -preserveDN -in leaf.csr -out leaf.pem -cert "$2.pem" -keyfile "$2.key" \
        -startdate "$3" -enddate "$4"
    openssl x509 -in leaf.pem -outform der -out "$here/$1.der"
}

authority first "/C=US/CN=Some Random CA"
authority second "/C=US/CN=Some Random CA 2"
leaf old first 20220507000000Z 20230606170442Z
leaf new first 20230607000000Z 20240607235959Z
leaf early first 20230601000000Z 20240601235959Z
leaf other-issuer second 20230607000000Z 20240607235959Z

# What Exchange's setup leaves: self-signed, for the name of the machine.
openssl req -config ca.cnf -newkey rsa:2048 -nodes -keyout bear1.key -out bear1.csr -subj "/CN=Bear1.bear.local"
sed -i 's/^subjectAltName.*/subjectAltName = DNS:Bear1, DNS:Bear1.bear.local/' ca.cnf
openssl ca -config ca.cnf -batch -notext -selfsign -in bear1.csr -keyfile bear1.key -out bear1.pem \
    -startdate 20190601000000Z -enddate 20290601000000Z
openssl x509 -in bear1.pem -outform der -out "$here/bear1.der"
