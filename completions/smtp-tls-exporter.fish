# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_smtp_tls_exporter_global_optspecs
    string join \n config.file= config.check web.listen-address= web.config.file= web.systemd-socket web.external-url= web.route-prefix= config.reload-interval= timeout-offset= log.level= log.format= h/help V/version
end

function __fish_smtp_tls_exporter_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_smtp_tls_exporter_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_smtp_tls_exporter_using_subcommand
    set -l cmd (__fish_smtp_tls_exporter_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -l config.file -d 'The configuration file' -r -F
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -l web.listen-address -d 'Address to listen on, such as :10465, 127.0.0.1:10465 or [::1]:10465; may be repeated' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -l web.config.file -d 'TLS and passwords for the exporter\'s own port: a file in the format of Prometheus\' exporter-toolkit' -r -F
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -l web.external-url -d 'The URL under which a reverse proxy shows the exporter, such as https://mon.example.com/smtp' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -l web.route-prefix -d 'The path below which everything is served [default: the path of --web.external-url]' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -l config.reload-interval -d 'How often to check whether the configuration file has changed; 0s: reload only on SIGHUP and /-/reload' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -l timeout-offset -d 'Subtracted from the scrape timeout, so that the answer arrives in time' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -l log.level -d 'Least severe level to log' -r -f -a "debug\t''
info\t''
warn\t''
error\t''"
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -l log.format -d 'Format of the log' -r -f -a "logfmt\t''
json\t''"
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -l config.check -d 'Read the configuration, print a summary, and exit with 0 or 1'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -l web.systemd-socket -d 'Take the listening sockets from systemd instead of --web.listen-address'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -s h -l help -d 'Print help'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -s V -l version -d 'Print version'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -f -a "serve" -d 'Serve metrics for Prometheus (the default)'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -f -a "check" -d 'Probe once and print a table; exit status 0 healthy, 1 warning, 2 critical, 3 unknown'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -f -a "collect" -d 'Write an inventory of this machine\'s mail server; exit status 1 if nothing could be read'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -f -a "tlsa" -d 'Print the TLSA records (DANE) that what is served needs, ready for a zone file; exit status 0 nothing to do, 1 a next key has no record, 2 a served key has none, 3 unknown'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -f -a "demo" -d 'Play an incident with mail servers of its own on loopback, and serve its metrics'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand serve" -l config.file -d 'The configuration file' -r -F
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand serve" -l web.listen-address -d 'Address to listen on, such as :10465, 127.0.0.1:10465 or [::1]:10465; may be repeated' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand serve" -l web.config.file -d 'TLS and passwords for the exporter\'s own port: a file in the format of Prometheus\' exporter-toolkit' -r -F
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand serve" -l web.external-url -d 'The URL under which a reverse proxy shows the exporter, such as https://mon.example.com/smtp' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand serve" -l web.route-prefix -d 'The path below which everything is served [default: the path of --web.external-url]' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand serve" -l config.reload-interval -d 'How often to check whether the configuration file has changed; 0s: reload only on SIGHUP and /-/reload' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand serve" -l timeout-offset -d 'Subtracted from the scrape timeout, so that the answer arrives in time' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand serve" -l log.level -d 'Least severe level to log' -r -f -a "debug\t''
info\t''
warn\t''
error\t''"
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand serve" -l log.format -d 'Format of the log' -r -f -a "logfmt\t''
json\t''"
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand serve" -l config.check -d 'Read the configuration, print a summary, and exit with 0 or 1'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand serve" -l web.systemd-socket -d 'Take the listening sockets from systemd instead of --web.listen-address'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand serve" -s h -l help -d 'Print help'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -l config.file -d 'The configuration file; if TARGETs are given, only --view uses it [default: smtp-tls-exporter.yml]' -r -F
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -l inside -d 'An inventory of a mail server, or a folder with *.json of them: judged beside the targets, or alone; may be repeated' -r -F
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -l queue -d 'Queues with more messages than this have a row in the table of the inside' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -l view -d 'The view to probe from; if TARGETs are given, `default` or one from the configuration file' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -l tls -d 'How TLS starts; by default implicit on port 465 and STARTTLS elsewhere' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -l server-name -d 'The name to send as SNI and to expect in the certificate; by default the target\'s own' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -l expect-tls-certificate-name -d 'The TlsCertificateName to expect, as Exchange\'s connector has it: "<I>issuer<S>subject"' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -l roots -d 'PEM file with the roots to trust instead of Mozilla\'s' -r -F
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -l warning -d '`Warning` when less than this is left: a share of the lifetime, a time, or both (25%, 30d or 25%,30d)' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -l critical -d '`Critical` when less than this is left, in the same form' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -l json -d 'Print JSON instead of the table'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -l nagios -d 'Print a monitoring plugin\'s status line after the table'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -l pem -d 'Also print the certificates'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand check" -s h -l help -d 'Print help'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand collect" -l config-dir -d 'Where its configuration lies, such as /etc/postfix-out; by default where the mail server looks for it' -r -F
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand collect" -l next-hops -d 'How many next hops are told apart, by messages; all others are summed as `other`' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand collect" -l output -d 'Write this file, in one step and with mode 0640, instead of standard output' -r -F
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand collect" -s h -l help -d 'Print help'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand tlsa" -l next -d 'A file with a key to come, which needs a record before it is used: a certificate, a CSR, a public or a private key, PEM; may be repeated' -r -F
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand tlsa" -l port -d 'The port, if TARGET has none' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand tlsa" -l ttl -d 'The TTL of the lines; by default that of the published records, else 3600' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand tlsa" -l view -d 'The view to look from, one from the configuration file; by default this machine\'s resolver, whose word on DNSSEC is believed' -r
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand tlsa" -l config.file -d 'The configuration file, used with --view only [default: smtp-tls-exporter.yml]' -r -F
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand tlsa" -l ta -d 'Also print a record of the issuer that is presented (2 1 1)'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand tlsa" -l json -d 'Print JSON instead of lines'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand tlsa" -s h -l help -d 'Print help'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand demo" -s h -l help -d 'Print help'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand help; and not __fish_seen_subcommand_from serve check collect tlsa demo help" -f -a "serve" -d 'Serve metrics for Prometheus (the default)'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand help; and not __fish_seen_subcommand_from serve check collect tlsa demo help" -f -a "check" -d 'Probe once and print a table; exit status 0 healthy, 1 warning, 2 critical, 3 unknown'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand help; and not __fish_seen_subcommand_from serve check collect tlsa demo help" -f -a "collect" -d 'Write an inventory of this machine\'s mail server; exit status 1 if nothing could be read'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand help; and not __fish_seen_subcommand_from serve check collect tlsa demo help" -f -a "tlsa" -d 'Print the TLSA records (DANE) that what is served needs, ready for a zone file; exit status 0 nothing to do, 1 a next key has no record, 2 a served key has none, 3 unknown'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand help; and not __fish_seen_subcommand_from serve check collect tlsa demo help" -f -a "demo" -d 'Play an incident with mail servers of its own on loopback, and serve its metrics'
complete -c smtp-tls-exporter -n "__fish_smtp_tls_exporter_using_subcommand help; and not __fish_seen_subcommand_from serve check collect tlsa demo help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
