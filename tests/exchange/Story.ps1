# The cmdlets that the collector asks, played by functions of their names, and the machines of the story that they
# answer for: five servers, both send connectors, the queues of that night, the old certificate and the new one.
# `$Machine` is the one that answers now; `$Asked` is what it was asked.

[Flags()] enum Services { None = 0; IMAP = 1; POP = 2; UM = 4; IIS = 8; SMTP = 16 }
enum QueueStatus { Active; Ready; Retry; Suspended; Connecting }
enum DeliveryType { Undefined; DnsConnectorDelivery; SmartHostConnectorDelivery; ShadowRedundancy; Unreachable; MapiDelivery }
enum AuthLevel { EncryptionOnly; CertificateValidation; DomainValidation }

$script:CollectorPath = [IO.Path]::GetFullPath("$PSScriptRoot/../../collectors/exchange/Get-SmtpTlsInside.ps1")
$script:Outbound = [guid] '0292c782-9804-4d8b-ae0e-e1c7ab90852b'
$script:Primary = [guid] '6f0f4b1c-6a0f-4a53-9d0e-2f6a3c1f5e77'
$script:Fleet = 'BearA', 'BearB', 'BearC', 'BearD', 'BearE'
$script:NotFound = '454 4.7.5 The certificate specified in TlsCertificateName of the SendConnector could not be found.'

# When each moment is, in UTC, and what waits on each server. Velocities are as the shell printed them.
$script:Moments = [ordered]@{
    '0'               = @{ At = '2023-04-27T17:00:00Z' }
    '1'               = @{ At = '2023-05-31T17:00:00Z' }
    '2'               = @{ At = '2023-06-07T07:00:00Z'; Retry = 1443, 1122, 1442, 800, 2887 }
    '3'               = @{ At = '2023-06-07T07:30:00Z'; Retry = 1443, 1122, 1442, 800, 2887; New = $true }
    '4'               = @{ At = '2023-06-07T08:00:00Z'; Retry = 0, 1122, 1442, 800, 2887; Active = 443, 0, 0, 0, 0
        Velocity = -0.72, 0, 0, 0, 0; New = $true; Enabled = 'BearA' }
    '5'               = @{ At = '2023-06-07T08:30:00Z'; Active = 2, 111, 17, 52, 87
        Velocity = -0.72, -1.1, -0.84, -0.97, -1.02; New = $true; Enabled = $Fleet }
    # The renewal was begun while the old one was good.
    '3-old-valid'     = @{ At = '2023-06-06T12:00:00Z'; New = $true; NewFile = 'early' }
    # The new one is another authority's, BearA removed the old one, and nobody told the connectors.
    '2-issuer-changed' = @{ At = '2023-06-07T07:00:00Z'; Retry = 1443, 1122, 1442, 800, 2887; New = $true
        NewFile = 'other-issuer'; Enabled = $Fleet; Removed = 'BearA' }
}
# BearD's shell cannot read what Exchange sent of its certificates but the bytes.
$script:Moments['4-blind'] = $Moments['4'] + @{ Blind = 'BearD' }

# An object whose text is this, as ADObjectIds and TLS certificate names have one.
function New-Named([string] $Text, [hashtable] $Properties = @{}) {
    [pscustomobject] $Properties | Add-Member -MemberType ScriptMethod -Name ToString -Force -PassThru `
        -Value ([scriptblock]::Create("'$($Text.Replace("'", "''"))'"))
}

# A certificate as the store gives it.
function New-Stored([string] $Name, [bool] $HasKey = $true) {
    $bytes = [IO.File]::ReadAllBytes("$PSScriptRoot/certificates/$Name.der")
    $certificate = [Security.Cryptography.X509Certificates.X509Certificate2]::new($bytes)
    $certificate | Add-Member -NotePropertyName HasPrivateKey -NotePropertyValue $HasKey -Force -PassThru
}

# A certificate as Get-ExchangeCertificate gives it.
function New-Listed([string] $Name, $Services, [string] $Status = 'Valid') {
    New-Stored $Name | Add-Member -PassThru -NotePropertyMembers @{ Services = [Services] $Services; Status = $Status }
}

# What it gives where its serialized data cannot be read.
function New-Blind([string] $Name) {
    [pscustomobject] @{ RawData = [IO.File]::ReadAllBytes("$PSScriptRoot/certificates/$Name.der"); SerializationData = [byte[]] (1, 2) }
}

function New-SendConnector([guid] $Guid, [string] $Name, $TlsCertificateName, [hashtable] $More = @{}) {
    $connector = @{
        Guid = $Guid; Name = $Name; Identity = New-Named $Name; Enabled = $true; Fqdn = $null; RequireTLS = $true
        TlsAuthLevel = $null; TlsDomain = $null; CertificateSubject = $null; TlsCertificateName = $TlsCertificateName
        SourceTransportServers = [Collections.ArrayList] @($Fleet | ForEach-Object { New-Named $_ })
        AddressSpaces = [Collections.ArrayList] @(New-Named 'smtp:*;1')
    }
    foreach ($key in $More.Keys) { $connector[$key] = $More[$key] }
    [pscustomobject] $connector
}

function New-ReceiveConnector([int] $Number, [string] $Name, [string] $AuthMechanism, $Bindings, [hashtable] $More = @{}) {
    $connector = @{
        Guid = [guid] "00000000-0000-4000-8000-00000000000$Number"; Name = $Name; Enabled = $true; Fqdn = $null
        RequireTLS = $false; TlsCertificateName = $null; AuthMechanism = $AuthMechanism; TransportRole = 'FrontendTransport'
        Bindings = [Collections.ArrayList] @($Bindings | ForEach-Object { New-Named $_ })
    }
    foreach ($key in $More.Keys) { $connector[$key] = $More[$key] }
    [pscustomobject] $connector
}

# Times come as local ones.
function New-Queue([string] $Identity, [int] $Messages, [hashtable] $More = @{}) {
    $queue = @{
        Identity = New-Named $Identity; DeliveryType = [DeliveryType]::DnsConnectorDelivery; NextHopCategory = 'External'
        NextHopDomain = 'growllikeabear.mail.onmicrosoft.com'; NextHopConnector = $Outbound; Status = [QueueStatus]::Ready
        MessageCount = $Messages; LastError = ''; FirstRetryTime = $null; LastRetryTime = $null; NextRetryTime = $null
        Velocity = [double] 0; IncomingRate = [double] 0; OutgoingRate = [double] 0; DeferredMessageCount = 0; RetryCount = 0
    }
    foreach ($key in $More.Keys) { $queue[$key] = $More[$key] }
    [pscustomobject] $queue
}

function New-Time([string] $Utc) { [DateTimeOffset]::Parse($Utc, [cultureinfo]::InvariantCulture).LocalDateTime }

# A healthy Mailbox server.
function New-Machine([string] $Name) {
    $certificate = New-Named '<I>CN=Some Random CA, C=US<S>CN=mailrelay.pokebearswithsticks.com, O=BearWorld, L=Bearville, C=US'
    @{
        Name = $Name; Role = 'Mailbox'; Fails = @{}
        Addresses = @("192.0.2.$(11 + [array]::IndexOf($Fleet, $Name))", '127.0.0.1', '::1', 'fe80::4c1f:8a5b%12', '169.254.10.7')
        Service = 'Running'; Queues = @(); Receive = @(); Hybrid = $null
        Listed = @((New-Listed 'old' 'SMTP'), (New-Listed 'bear1' 'IIS'))
        Stored = @((New-Stored 'old'), (New-Stored 'bear1'))
        Send = @(
            New-SendConnector $Primary 'Internet Mail (Primary)' $certificate
            New-SendConnector $Outbound 'Outbound to Office 365' $certificate @{
                TlsDomain = 'mail.protection.outlook.com'; TlsAuthLevel = [AuthLevel]::DomainValidation
                AddressSpaces = [Collections.ArrayList] @(New-Named 'smtp:growllikeabear.mail.onmicrosoft.com;1')
            }
        )
    }
}

# A server of the story at one of its moments.
function New-StoryMachine([string] $Moment, [string] $Name) {
    $now = $Moments[$Moment]
    $machine = New-Machine $Name
    $place = [array]::IndexOf($Fleet, $Name)
    if ($now.Retry -and $now.Retry[$place] -gt 0) {
        $at = ([DateTimeOffset] $now.At).AddMinutes(5).UtcDateTime.ToString('o')
        $machine.Queues = @(New-Queue "$Name\6" $now.Retry[$place] @{ Status = [QueueStatus]::Retry; LastError = $NotFound
                FirstRetryTime = New-Time '2023-06-06T17:05:10Z'; NextRetryTime = New-Time $at })
    }
    if ($now.Active -and $now.Active[$place] -gt 0) {
        $machine.Queues = @(New-Queue "$Name\6" $now.Active[$place] @{ Status = [QueueStatus]::Active; Velocity = [double] $now.Velocity[$place] })
    }
    if ($now.At -gt '2023-06-06T17:04:42Z') { $machine.Listed[0].Status = 'DateInvalid' }
    if ($now.Removed -eq $Name) {
        $machine.Listed = @($machine.Listed[1])
        $machine.Stored = @($machine.Stored[1])
    }
    if ($now.New) {
        $file = if ($now.NewFile) { $now.NewFile } else { 'new' }
        $enabled = $now.Enabled -contains $Name
        # On BearC it was first imported without its key: then Exchange does not list it.
        $hasKey = $Name -ne 'BearC' -or $enabled
        $machine.Stored += New-Stored $file $hasKey
        if ($hasKey) { $machine.Listed += New-Listed $file $(if ($enabled) { 'SMTP' } else { 'None' }) }
    }
    if ($now.Blind -eq $Name) { $machine.Listed = @('old', 'bear1', 'new' | ForEach-Object { New-Blind $_ }) }
    $machine
}

# An Edge server that has everything, of every odd kind.
function New-EdgeMachine {
    $machine = New-Machine 'EdgeA'
    $machine.Role = 'Edge'
    $machine.Addresses = @('198.51.100.25', '2001:db8::25', '127.0.0.1')
    $machine.Send = @(
        New-SendConnector $Primary 'EdgeSync - Internet' $null @{ Fqdn = New-Named 'mail.pokebearswithsticks.com'; SourceTransportServers = $null
            RequireTLS = $false }
        New-SendConnector $Outbound 'EdgeSync - Inbound to Bearville' $null @{ Enabled = $false; RequireTLS = $false }
    )
    $machine.Receive = @(
        New-ReceiveConnector 1 'Default internal receive connector EdgeA' 'Tls, ExchangeServer' @('0.0.0.0:25', '[::]:25')
        New-ReceiveConnector 2 'Scanner' 'None' '192.0.2.1:2525'
    )
    $machine.Queues = @(
        New-Queue 'EdgeA\3' 7 @{ NextHopDomain = 'bear.example' }
        New-Queue 'EdgeA\Submission' 0 @{ NextHopDomain = 'Submission'; NextHopConnector = [guid]::Empty; DeliveryType = [DeliveryType]::Undefined }
        New-Queue 'EdgeA\Poison' 1 @{ NextHopDomain = 'Poison Message'; NextHopConnector = [guid]::Empty; DeliveryType = [DeliveryType]::Undefined }
        New-Queue 'EdgeA\Unreachable' 12 @{ NextHopDomain = 'Unreachable Domain'; NextHopConnector = [guid]::Empty; DeliveryType = [DeliveryType]::Unreachable }
        New-Queue 'EdgeA\Shadow\4' 5 @{ NextHopDomain = 'edgeb.bear.local'; NextHopConnector = [guid]::Empty; DeliveryType = [DeliveryType]::ShadowRedundancy }
    )
    $machine
}

# A server on which half of it fails, in texts that hold addresses.
function New-BrokenMachine {
    $machine = New-StoryMachine '3' 'BearB'
    $machine.Fails = @{
        'Get-Queue'               = 'The Microsoft Exchange Transport service on BearB is not running. Ask postmaster@bear.local.'
        'Get-ExchangeCertificate' = 'The remote procedure call failed.'
        'Get-NetIPAddress'        = 'Access is denied.'
    }
    $machine.Service = 'Stopped'
    $machine
}

# Lets the functions below answer for a machine.
function Use-Machine([hashtable] $Machine) {
    $global:Machine = $Machine
    $global:Asked = [Collections.Generic.List[object]]::new()
    $env:COMPUTERNAME = $Machine.Name
    foreach ($name in $Answers.Keys) { Set-Item "function:global:$name" $Answers[$name] }
}

# Takes the mocks away again.
function Clear-Machine {
    foreach ($name in $Answers.Keys) { Remove-Item "function:$name" -ErrorAction Ignore }
    Remove-Item env:COMPUTERNAME -ErrorAction Ignore
}

# What each cmdlet does: it takes what the real one takes and nothing else, and notes what it was asked.
$script:Answers = @{
    'Note-Question'           = {
        param([string] $Cmdlet, [hashtable] $Bound)
        $global:Asked.Add([pscustomobject] @{ Cmdlet = $Cmdlet; Bound = $Bound })
        if ($global:Machine.Role -eq 'Edge' -and $Bound.ContainsKey('Server')) { throw "$Cmdlet -Server on Edge" }
        if ($global:Machine.Fails.ContainsKey($Cmdlet)) { throw $global:Machine.Fails[$Cmdlet] }
    }
    'Get-ExchangeServer'      = {
        [CmdletBinding()] param([Parameter(Position = 0)] [string] $Identity)
        Note-Question 'Get-ExchangeServer' $PSBoundParameters
        [pscustomobject] @{ Name = $global:Machine.Name; Fqdn = "$($global:Machine.Name.ToLowerInvariant()).bear.local"
            ServerRole = $global:Machine.Role; AdminDisplayVersion = 'Version 15.2 (Build 1258.12)' }
    }
    'Get-Queue'               = {
        [CmdletBinding()] param([string] $Server, [object] $ResultSize = 1000)
        Note-Question 'Get-Queue' $PSBoundParameters
        if ($ResultSize -eq 'Unlimited') { $global:Machine.Queues } else { $global:Machine.Queues | Select-Object -First $ResultSize }
    }
    'Get-SendConnector'       = {
        [CmdletBinding()] param([Parameter(Position = 0)] [string] $Identity)
        Note-Question 'Get-SendConnector' $PSBoundParameters
        $global:Machine.Send
    }
    'Get-ReceiveConnector'    = {
        [CmdletBinding()] param([Parameter(Position = 0)] [string] $Identity, [string] $Server)
        Note-Question 'Get-ReceiveConnector' $PSBoundParameters
        $global:Machine.Receive
    }
    'Get-ExchangeCertificate' = {
        [CmdletBinding()] param([Parameter(Position = 0)] [string] $Thumbprint, [string] $Server)
        Note-Question 'Get-ExchangeCertificate' $PSBoundParameters
        $global:Machine.Listed
    }
    'Get-HybridConfiguration' = {
        [CmdletBinding()] param()
        Note-Question 'Get-HybridConfiguration' $PSBoundParameters
        $global:Machine.Hybrid
    }
    'Get-NetIPAddress'        = {
        [CmdletBinding()] param([string] $IPAddress)
        Note-Question 'Get-NetIPAddress' $PSBoundParameters
        $global:Machine.Addresses | ForEach-Object { [pscustomobject] @{ IPAddress = $_; InterfaceAlias = 'Ethernet' } }
    }
    'Get-Service'             = {
        [CmdletBinding()] param([Parameter(Position = 0)] [string] $Name)
        Note-Question 'Get-Service' $PSBoundParameters
        [pscustomobject] @{ Name = $Name; Status = $global:Machine.Service }
    }
    'Get-ChildItem'           = {
        [CmdletBinding()] param([Parameter(Position = 0)] [string] $Path, [string] $LiteralPath, [string] $Filter, [switch] $Recurse, [switch] $Force)
        if ($Path -notlike 'Cert:*') { return Microsoft.PowerShell.Management\Get-ChildItem @PSBoundParameters }
        Note-Question 'Get-ChildItem' $PSBoundParameters
        $global:Machine.Stored
    }
}

# Runs the collector and gives the text of what it wrote; the text that changes with each run is made the same.
function Invoke-Collector([hashtable] $Arguments = @{}, [string] $At = '2023-06-07T07:30:00Z') {
    $file = [IO.Path]::Combine([IO.Path]::GetTempPath(), "inside-$([guid]::NewGuid()).json")
    try {
        & $CollectorPath -Path $file @Arguments
        if ($LASTEXITCODE -ne 0) { throw "the collector ended with $LASTEXITCODE" }
        $text = [IO.File]::ReadAllText($file)
    } finally { [IO.File]::Delete($file) }
    $text = $text -replace '(?<="collected_at":")[^"]+', $At -replace '(?<="seconds":)[\d.]+', '21.4'
    # One entry a line, for those who read differences.
    $text -replace '(?<=[\[,])\{"', "`n{`"" -replace ',("server"|"errors"|"queues"|"certificates"|"uses"):', ",`n`$1:"
}

# The same as objects. Times stay text: ConvertFrom-Json would make dates of them.
function Read-Inside([hashtable] $Arguments = @{}) {
    (Invoke-Collector $Arguments) -replace '"(\d{4}-\d\d-\d\dT[\d:]+Z)"', '"=$1"' | ConvertFrom-Json
}

# Every inventory that is kept: its path below inventories/, and its text.
function Get-Inventories {
    foreach ($moment in $Moments.Keys) {
        foreach ($name in $Fleet) {
            Use-Machine (New-StoryMachine $moment $name)
            @{ Path = "$moment/$name.json"; Text = Invoke-Collector -At $Moments[$moment].At }
        }
    }
    foreach ($machine in (New-EdgeMachine), (New-BrokenMachine)) {
        Use-Machine $machine
        $folder = if ($machine.Role -eq 'Edge') { 'edge' } else { 'broken' }
        @{ Path = "$folder/$($machine.Name).json"; Text = Invoke-Collector }
    }
    Clear-Machine
}
