<#
.SYNOPSIS
Writes what this Exchange server says of its queues, connectors and certificates into one JSON file.
.DESCRIPTION
smtp-tls-exporter reads the file and judges it; this script judges nothing, changes nothing, and speaks to no other
machine by itself. Run it on the server that it is about, in Windows PowerShell 5.1; it starts the Exchange shell
where it does not run yet. No address, subject or key is in the file; what could not be read is told in it under
"errors". It is replaced in one step; if that fails, the old one stays, and the exit status is 1.
.EXAMPLE
.\Get-SmtpTlsInside.ps1 -Path C:\ProgramData\smtp-tls-inside\BearA.json
#>
[CmdletBinding()]
param(
    # The file to write.
    [Parameter(Mandatory)] [ValidateNotNullOrEmpty()] [string] $Path,
    # The name of this server.
    [string] $Server = $env:COMPUTERNAME,
    # So many queues, the longest, are written one by one; the others are added up under the next hop "other".
    [ValidateRange(0, 20000)] [int] $NextHops = 200
)

$beganAt = [datetime]::UtcNow
$stopwatch = [Diagnostics.Stopwatch]::StartNew()
$failures = [Collections.Generic.List[object]]::new()

# --- values: the same in every culture and time zone. Where there is none they say $null: of silence, 5.1 makes {}.

# Whatever holds an @ may be an address and is masked, with the quoted words before it; there are wide and small ones.
function ConvertTo-Text($Value) {
    $at = '@\uFF20\uFE6B'
    $text = ([string] $Value).Trim() -replace "`"[^`"]*`"(?=[$at])" -replace "(?<!\S)[^\s$at]*[$at]\S*", '***'
    if ($text -eq '') { $null } else { $text.Substring(0, [math]::Min(4096, $text.Length)) }
}

# A list, or the text of an enumeration such as "IMAP, SMTP", in which "None" is no word.
function ConvertTo-Words($Value) {
    foreach ($piece in $Value | ForEach-Object { ([string] $_).Split(',') }) {
        $word = ConvertTo-Text $piece
        if ($null -ne $word -and $word -ne 'None') { $word }
    }
}

# Ids compare without case, in every language.
function ConvertTo-Id($Value) { "$(ConvertTo-Text $Value)".Trim('{}').ToLowerInvariant() }

function ConvertTo-Flag($Value) {
    switch ([string] $Value) { 'True' { $true } 'False' { $false } default { $null } }
}

function ConvertTo-Number($Value) {
    $number = 0.0
    $isRead = [double]::TryParse([string] $Value, 'Float', [cultureinfo]::InvariantCulture, [ref] $number)
    if ($isRead -and [math]::Abs($number) -le [double]::MaxValue) { $number } else { $null }
}

# Exchange's times are local, whether or not they say so; the year 1 means never.
function ConvertTo-Time($Value) {
    if ($Value -is [string] -and $Value -match '^\d{4}-\d\d-\d\d[T ]\d\d:') {
        $Value = [DateTimeOffset]::Parse($Value, [cultureinfo]::InvariantCulture, 'AssumeLocal')
    }
    if ($Value -is [DateTimeOffset]) { $Value = $Value.UtcDateTime }
    if ($Value -isnot [datetime] -or $Value.Year -eq 1) { return $null }
    $Value.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [cultureinfo]::InvariantCulture)
}

function Write-Failure([string] $Section, [string] $Text) {
    $failures.Add([ordered]@{ section = $Section; text = ConvertTo-Text ($Text -replace '\s+', ' ') })
}

# Asks one cmdlet and converts each object that it gives: a list, which may be empty, or $null where it could not be
# asked. A cmdlet that fails and an object that cannot be converted are told, and lose nothing else.
function Read-Section([string] $Section, [scriptblock] $Ask, [string] $Convert, [string] $As) {
    $ErrorActionPreference = 'Stop'
    $asked = $Ask.ToString().Trim().Split(' ')[0]
    try { $given = @(& $Ask | ForEach-Object { $_ } | Where-Object { $null -ne $_ }) } catch {
        $isMissing = $_.Exception -is [Management.Automation.CommandNotFoundException]
        Write-Failure $Section "${asked}: $($_.Exception.Message) $(if ($isMissing) { $notStarted })"
        return $null
    }
    $refused = 0
    $converted = foreach ($one in $given) {
        try { & $Convert $one $As } catch { $refused++; $why = $_.Exception.Message }
    }
    if ($refused -gt 0) { Write-Failure $Section "${asked}: $refused of $($given.Count) cannot be read: $why" }
    return , @($converted)
}

# --- one object of Exchange to one entry of the inventory. Select-Object gives $null for properties that are missing.

function ConvertTo-Server($Found) {
    $Found = $Found | Select-Object Name, Fqdn, ServerRole, AdminDisplayVersion
    $isEdge = @(ConvertTo-Words $Found.ServerRole) -contains 'Edge'
    $version = "$($Found.AdminDisplayVersion)" -replace '^Version (\S+) \(Build (\S+)\)$', '$1.$2'
    [ordered]@{
        name = ConvertTo-Text $Found.Name; fqdn = ConvertTo-Text $Found.Fqdn; version = ConvertTo-Text $version
        kind = if ($isEdge) { 'exchange-edge' } else { 'exchange' }
    }
}

function ConvertTo-Address($Found) {
    $text = ([string] ($Found | Select-Object IPAddress).IPAddress) -replace '%.*$'
    # Neither loopback nor link-local.
    if ($text -ne '' -and $text -notmatch '^(127\.|169\.254\.|::1$|fe[89ab].:)') { $text }
}

# By the identity (BearA\Poison, BearA\Shadow\7), or by how the queue delivers.
function ConvertTo-QueueKind([string] $Identity, [string] $DeliveryType) {
    $parts = $Identity.Split('\')
    if ($parts[-1] -in 'Poison', 'Submission', 'Unreachable') { return $parts[-1].ToLowerInvariant() }
    if ($DeliveryType -eq 'Unreachable') { return 'unreachable' }
    if ($DeliveryType -eq 'ShadowRedundancy' -or ($parts.Count -gt 2 -and $parts[-2] -eq 'Shadow')) { return 'shadow' }
    'delivery'
}

function ConvertTo-Queue($Queue) {
    $Queue = $Queue | Select-Object Identity, DeliveryType, NextHopDomain, NextHopConnector, Status, MessageCount,
        LastError, FirstRetryTime, NextRetryTime, Velocity, IncomingRate, OutgoingRate
    $messages = ConvertTo-Number $Queue.MessageCount
    if ($null -eq $messages) { throw 'a queue without a MessageCount' }
    $hop = ConvertTo-Text $Queue.NextHopDomain
    $connector = ConvertTo-Id $Queue.NextHopConnector
    if ($connector -in '', [guid]::Empty.ToString()) { $connector = $null }
    [ordered]@{
        kind = ConvertTo-QueueKind $Queue.Identity $Queue.DeliveryType
        next_hop = if ($hop) { $hop } else { 'unknown' }; use = $connector
        status = ConvertTo-Text $Queue.Status; messages = [long] $messages; last_error = ConvertTo-Text $Queue.LastError
        since = ConvertTo-Time $Queue.FirstRetryTime; next_retry = ConvertTo-Time $Queue.NextRetryTime
        velocity = ConvertTo-Number $Queue.Velocity; incoming_rate = ConvertTo-Number $Queue.IncomingRate
        outgoing_rate = ConvertTo-Number $Queue.OutgoingRate; delivery_type = ConvertTo-Text $Queue.DeliveryType
    }
}

# The longest queues as they are; the others added up, one entry for each kind, status and error.
function Join-ShortQueues($Entries) {
    $ranked = @($Entries | Sort-Object { $_['messages'] } -Descending)
    $ranked | Select-Object -First $NextHops
    $sums = [Collections.Generic.Dictionary[string, object]]::new()
    foreach ($entry in $ranked | Select-Object -Skip $NextHops) {
        $key = $entry['kind'], $entry['status'], $entry['last_error'] -join "`n"
        if (-not $sums.ContainsKey($key)) {
            $sums[$key] = [ordered]@{ kind = $entry['kind']; next_hop = 'other'; use = $null; status = $entry['status']
                messages = [long] 0; last_error = $entry['last_error']; since = $null }
        }
        $sum = $sums[$key]
        $sum['messages'] += $entry['messages']
        $since = @($sum['since']; $entry['since']) -ne $null | Sort-Object | Select-Object -First 1
        if ($null -ne $since) { $sum['since'] = $since }
    }
    $sums.Values
}

function ConvertTo-Certificate($Certificate) {
    $Certificate = $Certificate | Select-Object RawData, Services, Status, HasPrivateKey
    if ($null -eq $Certificate.RawData) { throw 'a certificate without RawData' }
    [ordered]@{
        der = [Convert]::ToBase64String([byte[]] $Certificate.RawData)
        services = if ($null -eq $Certificate.Services) { $null } else { , @(ConvertTo-Words $Certificate.Services) }
        status = ConvertTo-Text $Certificate.Status; private_key = ConvertTo-Flag $Certificate.HasPrivateKey
        listed = $false; places = @('LocalMachine\My')
    }
}

# What Exchange lists, then what is in the store besides: Exchange does not list a certificate without its key. Of a
# listed one, a shell that is not Exchange's own, or whose own certificate has expired, knows nothing but the bytes.
function Join-Certificates($Listed, $Stored) {
    $known = [Collections.Generic.Dictionary[string, object]]::new()
    $blind = @($Listed | Where-Object { $null -ne $_ -and $null -eq $_['services'] }).Count
    if ($blind -gt 0) { Write-Failure 'certificates' "Get-ExchangeCertificate: $blind came without their services" }
    foreach ($entry in $Listed) {
        $entry['listed'] = $true
        $known[$entry['der']] = $entry
        $entry
    }
    foreach ($entry in $Stored) {
        $same = $null
        if ($known.TryGetValue($entry['der'], [ref] $same)) {
            if ($null -eq $same['private_key']) { $same['private_key'] = $entry['private_key'] }
            continue
        }
        $entry['services'] = if ($null -eq $Listed) { $null } else { , @() }
        $entry
    }
}

# As send or receive connector, or as the hybrid configuration.
function ConvertTo-Use($Connector, [string] $As) {
    $Connector = $Connector | Select-Object Guid, Name, Enabled, Fqdn, AuthMechanism, TlsCertificateName, RequireTLS,
        TlsAuthLevel, TlsDomain, AddressSpaces, Bindings, SourceTransportServers, SendingTransportServers
    $isHybrid = $As -eq 'hybrid'
    if ($isHybrid -and -not $Connector.TlsCertificateName) { return }
    $id = if ($isHybrid) { 'hybrid' } elseif ($Connector.Guid) { $Connector.Guid } else { $Connector.Name }
    $fqdn = ConvertTo-Text $Connector.Fqdn
    $wanted = if ($fqdn) { $fqdn } else { $self['fqdn'] }
    # Not masked: it is compared, and the name of an authority may hold an address.
    if ($Connector.TlsCertificateName) { $select = @{ tls_certificate_name = [string] $Connector.TlsCertificateName } }
    elseif ($wanted) { $select = @{ fqdn = $wanted } }
    else { $select = @{ unresolved = 'neither the connector nor the server says its FQDN' } }
    # Only receive connectors have an AuthMechanism.
    $how = $Connector.AuthMechanism
    if ($null -ne $how -and @(ConvertTo-Words $how) -notcontains 'Tls') { $select = @{ none = $true } }
    $servers = @($Connector.SourceTransportServers; $Connector.SendingTransportServers)
    # A receive connector is this server's own; what an Edge server says of other servers does not count.
    if ($As -eq 'receive') { $servers = $self['name'] } elseif ($self['kind'] -eq 'exchange-edge') { $servers = $null }
    [ordered]@{
        id = ConvertTo-Id $id; name = ConvertTo-Text $Connector.Name
        role = if ($As -eq 'receive') { 'server' } else { 'client' }
        enabled = if ($isHybrid) { $true } else { ConvertTo-Flag $Connector.Enabled }
        select = $select; servers = @(ConvertTo-Words $servers)
        require_tls = ConvertTo-Flag $Connector.RequireTLS; auth_level = ConvertTo-Text $Connector.TlsAuthLevel
        tls_domain = ConvertTo-Text $Connector.TlsDomain; fqdn = $fqdn
        address_spaces = @(ConvertTo-Words $Connector.AddressSpaces); bindings = @(ConvertTo-Words $Connector.Bindings)
    }
}

# In one step, so that nobody reads half of it: written beside the old one, then put in its place.
function Write-Inventory([string] $Json) {
    $whole = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
    try {
        [IO.File]::WriteAllText("$whole.tmp", $Json, [Text.UTF8Encoding]::new($false))
        for ($attempt = 1; [IO.File]::Exists("$whole.tmp"); $attempt++) {
            try {
                if (-not [IO.File]::Exists($whole)) { [IO.File]::Move("$whole.tmp", $whole) }
                else { [IO.File]::Replace("$whole.tmp", $whole, [NullString]::Value) }
            } catch {
                # On a share, whoever reads the old file holds it for a moment.
                if ($attempt -eq 3) { throw }
                [Threading.Thread]::Sleep(500)
            }
        }
    } finally {
        if ([IO.File]::Exists("$whole.tmp")) { [IO.File]::Delete("$whole.tmp") }
    }
}

try {
    if (-not $Server) { throw 'say the name of this server with -Server: COMPUTERNAME is empty' }

    # --- the Exchange shell, where it does not run yet: not in a function, for it defines its own ---
    $notStarted = $null
    if ($null -eq $ExecutionContext.InvokeCommand.GetCommand('Get-Queue', 'All')) {
        try {
            if (-not $env:ExchangeInstallPath) { throw 'there is no Exchange on this machine' }
            $bin = [IO.Path]::Combine($env:ExchangeInstallPath, 'bin')
            $role = 'HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\ExchangeServer\v15\EdgeTransportRole'
            $edge = try { [Microsoft.Win32.Registry]::GetValue($role, 'ConfiguredVersion', $null) } catch { $null }
            if ($edge) {
                $console = [xml] [IO.File]::ReadAllText([IO.Path]::Combine($bin, 'exShell.psc1'))
                foreach ($one in $console.PSConsoleFile.PSSnapIns.PSSnapIn) { Add-PSSnapin $one.Name -ErrorAction Stop }
                $null = . ([IO.Path]::Combine($bin, 'Exchange.ps1'))
            } else {
                $null = . ([IO.Path]::Combine($bin, 'RemoteExchange.ps1'))
                $null = Connect-ExchangeServer -Auto -ClientApplication:ManagementShell
            }
        } catch { $notStarted = "The Exchange shell did not start: $($_.Exception.Message)" }
    }

    # --- the sections ---
    $found = Read-Section 'server' { Get-ExchangeServer $Server -ErrorAction Stop } 'ConvertTo-Server'
    $self = [ordered]@{ name = $Server; fqdn = $null; version = $null; kind = 'exchange' }
    foreach ($one in $found) { if ($found.Count -eq 1 -or $one['name'] -eq $Server) { $self = $one } }
    # Mailbox servers are asked by name, for the shell may speak to another one; Edge servers know only themselves.
    $named = if ($self['kind'] -eq 'exchange-edge') { @{} } else { @{ Server = $Server } }
    $addresses = Read-Section 'server' { Get-NetIPAddress -ErrorAction Stop } 'ConvertTo-Address'
    if ($null -ne $addresses) { $self['addresses'] = @($addresses | Select-Object -Unique) }
    $states = Read-Section 'server' {
        Get-Service MSExchangeTransport -ErrorAction Stop | Select-Object -ExpandProperty Status
    } 'ConvertTo-Text'
    if ($states) { $self['running'] = $states -contains 'Running' }
    $inventory = [ordered]@{
        schema       = 'smtp-tls-inventory/1'
        collected_at = ConvertTo-Time $beganAt
        collector    = [ordered]@{ name = 'Get-SmtpTlsInside.ps1'; version = '1.0.0' }
        server       = $self
    }

    $entries = Read-Section 'queues' { Get-Queue @named -ResultSize Unlimited -ErrorAction Stop } 'ConvertTo-Queue'
    if ($null -ne $entries) { $inventory['queues'] = @(Join-ShortQueues $entries) }

    $listed = Read-Section 'certificates' { Get-ExchangeCertificate @named -ErrorAction Stop } 'ConvertTo-Certificate'
    $stored = Read-Section 'store' { Get-ChildItem Cert:\LocalMachine\My -ErrorAction Stop } 'ConvertTo-Certificate'
    if ($null -ne $listed -or $null -ne $stored) { $inventory['certificates'] = @(Join-Certificates $listed $stored) }

    $sending = Read-Section 'uses' { Get-SendConnector -ErrorAction Stop } 'ConvertTo-Use' 'send'
    $receiving = Read-Section 'uses' { Get-ReceiveConnector @named -ErrorAction Stop } 'ConvertTo-Use' 'receive'
    $hybrid = $null
    if ($named.Count -gt 0) {
        # Edge servers have no such cmdlet.
        $hybrid = Read-Section 'uses' { Get-HybridConfiguration -ErrorAction Stop } 'ConvertTo-Use' 'hybrid'
    }
    $asked = @($sending, $receiving, $hybrid) -ne $null
    if ($asked.Count -gt 0) { $inventory['uses'] = @($asked | ForEach-Object { $_ }) }

    $inventory['errors'] = $failures.ToArray()
    $inventory['collector']['seconds'] = [math]::Round($stopwatch.Elapsed.TotalSeconds, 1)
    Write-Inventory (ConvertTo-Json -InputObject $inventory -Depth 8 -Compress)
} catch {
    [Console]::Error.WriteLine("Get-SmtpTlsInside.ps1: $($_.Exception.Message)")
    exit 1
}
exit 0
