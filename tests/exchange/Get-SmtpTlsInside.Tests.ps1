# What the collector writes of what Exchange gives it, in every form that Exchange and PowerShell are known to give it.

Describe 'Get-SmtpTlsInside.ps1' {
    BeforeAll {
        . $PSScriptRoot/Story.ps1
        $folder = [IO.Path]::Combine([IO.Path]::GetTempPath(), "inside-$([guid]::NewGuid())")
        $null = [IO.Directory]::CreateDirectory($folder)

        # What stands in the folder that the collector writes to.
        function Get-Left { @([IO.Directory]::GetFileSystemEntries($folder) | ForEach-Object { [IO.Path]::GetFileName($_) }) }
        function Get-Sections($Inventory) { @($Inventory.errors | ForEach-Object section) }
    }
    AfterAll { [IO.Directory]::Delete($folder, $true) }
    BeforeEach {
        $machine = New-StoryMachine '3' 'BearA'
        Use-Machine $machine
    }
    AfterEach { Clear-Machine }

    Context 'the story' {
        It 'says whose the file is, and when it was begun' {
            $before = [datetime]::UtcNow.AddSeconds(-1)
            & $CollectorPath -Path "$folder/story.json"
            $LASTEXITCODE | Should -Be 0
            $text = [IO.File]::ReadAllText("$folder/story.json")
            $text | Should -Match '"collected_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"'
            $at = [DateTimeOffset]::Parse([regex]::Match($text, '"collected_at":"([^"]+)').Groups[1].Value).UtcDateTime
            $at | Should -BeGreaterThan $before
            $at | Should -BeLessThan ([datetime]::UtcNow)
            $inside = ConvertFrom-Json $text
            $inside.schema | Should -BeExactly 'smtp-tls-inventory/1'
            $inside.collector.name | Should -BeExactly 'Get-SmtpTlsInside.ps1'
            $inside.collector.seconds | Should -BeOfType [double]
            $inside.server.name | Should -BeExactly 'BearA'
            $inside.server.fqdn | Should -BeExactly 'beara.bear.local'
            $inside.server.version | Should -BeExactly '15.2.1258.12'
            $inside.server.kind | Should -BeExactly 'exchange'
            $inside.server.addresses | Should -BeExactly @('192.0.2.11')
            $inside.server.running | Should -BeTrue
            Get-Left | Should -Be 'story.json'
            [IO.File]::ReadAllBytes("$folder/story.json")[0] | Should -Be ([byte][char] '{') -Because 'a byte order mark is not wanted'
        }

        It 'has the queue with what it waits for' {
            $queue = (Read-Inside).queues
            $queue.messages | Should -Be 1443
            $queue.status | Should -BeExactly 'Retry'
            $queue.use | Should -BeExactly '0292c782-9804-4d8b-ae0e-e1c7ab90852b'
            $queue.last_error | Should -BeExactly $NotFound
            $queue.since | Should -BeExactly '=2023-06-06T17:05:10Z'
            $queue.next_retry | Should -BeExactly '=2023-06-07T07:35:00Z'
        }

        It 'has both connectors, whichever servers they are of' {
            $machine.Send[1].SourceTransportServers = New-Named 'BearB'
            $uses = (Read-Inside).uses
            $uses.name | Should -Be 'Internet Mail (Primary)', 'Outbound to Office 365'
            $uses[0].servers | Should -Be 'BearA', 'BearB', 'BearC', 'BearD', 'BearE'
            $uses[1].servers -join ' ' | Should -BeExactly 'BearB'
            $uses.select.tls_certificate_name | Should -BeLike '<I>CN=Some Random CA, C=US<S>CN=mailrelay.*'
            $uses[1].tls_domain | Should -BeExactly 'mail.protection.outlook.com'
            $uses[1].auth_level | Should -BeExactly 'DomainValidation'
        }

        It 'has the certificates, their bytes and what Exchange says of them' {
            $inside = Read-Inside
            $bytes = [IO.File]::ReadAllBytes("$PSScriptRoot/certificates/new.der")
            $new = $inside.certificates | Where-Object der -CEQ ([Convert]::ToBase64String($bytes))
            $new.services -join ' ' | Should -BeExactly ''
            $new.private_key, $new.listed, $new.status | Should -Be $true, $true, 'Valid'
            $old = $inside.certificates[0]
            $old.services -join ' ' | Should -BeExactly 'SMTP'
            $old.status | Should -BeExactly 'DateInvalid'
        }

        It 'has what Exchange does not list, from the store' {
            Use-Machine (New-StoryMachine '3' 'BearC')
            $inside = Read-Inside
            $inside.certificates.Count | Should -Be 3
            $new = $inside.certificates[2]
            $new.listed, $new.private_key | Should -Be $false, $false
            $new.services -join ' ' | Should -BeExactly ''
            $inside.errors | Should -BeNullOrEmpty
        }
    }

    Context 'what it asks' {
        It 'names itself to every cmdlet that can ask another server, and all queues are asked for' {
            $null = Read-Inside
            foreach ($cmdlet in 'Get-Queue', 'Get-ReceiveConnector', 'Get-ExchangeCertificate') {
                ($Asked | Where-Object Cmdlet -EQ $cmdlet).Bound.Server | Should -BeExactly 'BearA'
            }
            ($Asked | Where-Object Cmdlet -EQ 'Get-Queue').Bound.ResultSize | Should -Be 'Unlimited'
            $Asked | ForEach-Object { $_.Bound.ErrorAction | Should -Be 'Stop' }
            $Asked.Count | Should -Be 9 -Because 'each is asked once'
        }

        It 'takes the name that it is given' {
            (Read-Inside @{ Server = 'BearA' }).server.name | Should -BeExactly 'BearA'
            ($Asked | Where-Object Cmdlet -EQ 'Get-Queue').Bound.Server | Should -BeExactly 'BearA'
        }

        It 'gives Edge servers no name, and does not ask them for the hybrid configuration' {
            Use-Machine (New-EdgeMachine)
            Remove-Item function:Get-HybridConfiguration
            $inside = Read-Inside
            $inside.errors | Should -BeNullOrEmpty
            $inside.server.kind | Should -BeExactly 'exchange-edge'
            ($inside.uses | ForEach-Object { "$($_.role) $($_.servers)" } | Sort-Object -Unique) | Should -Be 'client ', 'server EdgeA'
        }
    }

    Context 'queues' {
        It 'tells their kinds by identity and delivery' {
            Use-Machine (New-EdgeMachine)
            $kinds = @{}
            (Read-Inside).queues | ForEach-Object { $kinds[$_.kind] = $_.messages, $_.use }
            $kinds['delivery'] | Should -Be 7, "$Outbound"
            $kinds['submission'] | Should -Be 0, $null
            $kinds['poison'] | Should -Be 1, $null
            $kinds['unreachable'] | Should -Be 12, $null
            $kinds['shadow'] | Should -Be 5, $null
        }

        It 'calls a queue of a server or domain named like a kind what it is' {
            $machine.Queues = @((New-Queue 'Shadow\6' 1), (New-Queue 'BearA\7' 1 @{ NextHopDomain = 'poison.example' }))
            (Read-Inside).queues.kind | Should -Be 'delivery', 'delivery'
        }

        It 'reads all of 1001 and adds up what is not among the longest' {
            $machine.Queues = @(1..1001 | ForEach-Object {
                    $error = if ($_ -le 400) { 'one@bear.example is not there' } else { 'nobody is there' }
                    New-Queue "BearA\$_" $_ @{ NextHopDomain = "d$_.example"; LastError = $error; Status = 'Retry'
                        FirstRetryTime = (New-Time '2023-06-06T17:05:10Z').AddSeconds(-$_) } })
            $all = (Read-Inside @{ NextHops = 2000 }).queues
            $all.Count | Should -Be 1001
            $queues = (Read-Inside).queues
            $queues.Count | Should -Be 202 -Because '200 and one for each error'
            $queues[0].next_hop | Should -BeExactly 'd1001.example'
            ($queues | Measure-Object messages -Sum).Sum | Should -Be (1001 * 1002 / 2)
            $other = @($queues | Where-Object next_hop -EQ 'other' | Sort-Object messages)
            $other.messages | Should -Be (400 * 401 / 2), (801 * 802 / 2 - 400 * 401 / 2)
            $other.last_error | Should -Be '*** is not there', 'nobody is there'
            $other.since | Should -Be '=2023-06-06T16:58:30Z', '=2023-06-06T16:51:49Z'
        }

        It 'adds up all with -NextHops 0, kinds apart' {
            $machine.Queues = @((New-Queue 'BearA\1' 3), (New-Queue 'BearA\2' 4), (New-Queue 'BearA\Poison' 2), (New-Queue 'BearA\4' 1 @{ Status = 'Retry' }))
            $queues = (Read-Inside @{ NextHops = 0 }).queues
            $queues | ForEach-Object { $_.next_hop | Should -BeExactly 'other' }
            ($queues | ForEach-Object { "$($_.kind) $($_.status) $($_.messages)" } | Sort-Object) | Should -Be 'delivery Ready 7', 'delivery Retry 1', 'poison Ready 2'
        }

        It 'masks whatever holds an @' {
            $machine.Queues = @(New-Queue 'BearA\1' 3 @{ NextHopDomain = 'bear@bear.example'
                    LastError = "550 `"honey bear`"@bear.example said <ted@bear.example>:`n@ no; id <1@x> [{MSG=a@b.example};{FQDN=mx}] bear$([char] 0xFF20)wide end" })
            $text = Invoke-Collector
            $text | Should -Not -Match '@|\uFF20'
        $text | Should -Not -Match 'honey|<ted|bear\.example'
        $text | Should -Match '550 \*\*\* said .* end'
    }

    It 'keeps the 4096 first characters of an error' {
        $machine.Queues = @(New-Queue 'BearA\1' 3 @{ LastError = 'x' * 5000 })
        (Read-Inside).queues.last_error.Length | Should -Be 4096
    }

    It 'tells a queue without a number of messages, and keeps the others' {
        $machine.Queues = @([pscustomobject] @{ Identity = 'BearA\1' }, (New-Queue 'BearA\2' 5))
        $inside = Read-Inside
        $inside.queues.messages -join ' ' | Should -BeExactly '5'
        $inside.errors.section | Should -Be 'queues'
        $inside.errors.text | Should -BeLike '*1 of 2*MessageCount*'
    }

    It 'says nothing that is not there' {
        $machine.Queues = [pscustomobject] @{ MessageCount = 5 }
        $queue = (Read-Inside).queues
        $queue.messages, $queue.kind, $queue.next_hop | Should -Be 5, 'delivery', 'unknown'
        foreach ($key in 'use', 'status', 'last_error', 'since', 'next_retry', 'velocity', 'incoming_rate', 'outgoing_rate', 'delivery_type') {
            $queue.$key | Should -BeNullOrEmpty
        }
    }
}

Describe 'what is one, none, a list, text or an object' {
    It 'reads <Form> queues' -ForEach @(
        @{ Form = 'no'; Queues = {} ; Expected = '' }
        @{ Form = 'null for'; Queues = { $null }; Expected = '' }
        @{ Form = 'empty list of'; Queues = { , [Collections.ArrayList]::new() }; Expected = '' }
        @{ Form = 'one of many'; Queues = { New-Queue 'BearA\1' 3 }; Expected = '3' }
        @{ Form = 'an ArrayList of'; Queues = { , [Collections.ArrayList] @((New-Queue 'BearA\1' 3), (New-Queue 'BearA\2' 2)) }; Expected = '3 2' }
    ) {
        Set-Item function:global:Get-Queue $Queues
        $text = Invoke-Collector
        $text | Should -Match '"queues":\[' -Because 'a list stays one'
        (ConvertFrom-Json $text).queues.messages -join ' ' | Should -BeExactly $Expected
        (ConvertFrom-Json $text).errors | Should -BeNullOrEmpty
    }

    It 'reads services <Services>' -ForEach @(
        @{ Services = 'IMAP, POP, IIS, SMTP'; Expected = 'IMAP POP IIS SMTP' }
        @{ Services = 'None'; Expected = '' }
        @{ Services = ''; Expected = '' }
        @{ Services = 'SMTP'; Expected = 'SMTP' }
        @{ Services = @('IIS', 'SMTP'); Expected = 'IIS SMTP' }
        @{ Services = [Collections.ArrayList] @('SMTP'); Expected = 'SMTP' }
    ) {
        $machine.Listed = New-Stored 'old' | Add-Member -PassThru -NotePropertyMembers @{ Services = $Services; Status = 'Valid' }
        $machine.Stored = $null
        $text = Invoke-Collector
        (ConvertFrom-Json $text).certificates[0].services -join ' ' | Should -BeExactly $Expected
        $text | Should -Match '"services":\['
    }

    It 'reads enumerations and names that came through a remote shell' {
        function Send-Through($Value) { [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($Value)) }
        $queue = $machine.Queues[0] | Select-Object *
        $queue.Identity = 'BearA\6'
        $queue = Send-Through $queue
        $queue.Status.GetType() | Should -Be ([int]) -Because 'that is what becomes of an enumeration'
        $machine.Queues = $queue
        $listed = Send-Through ([pscustomobject] @{ RawData = $machine.Listed[0].RawData; Services = [Services] 'IIS, SMTP'; Status = 'Valid'; HasPrivateKey = $true })
        $machine.Listed = $listed
        $inside = Read-Inside
        $inside.queues.status, $inside.queues.delivery_type, $inside.queues.messages | Should -Be 'Retry', 'DnsConnectorDelivery', 1443
        $inside.queues.since | Should -BeExactly '=2023-06-06T17:05:10Z'
        $inside.certificates[0].services | Should -Be 'IIS', 'SMTP'
    }

    It 'reads numbers, flags and times that are text' {
        $machine.Queues = @(New-Queue 'BearA\1' 0 @{ MessageCount = '1443'; Velocity = '-0.72'; IncomingRate = 'NaN'; OutgoingRate = [double]::PositiveInfinity
                NextHopConnector = '{0292C782-9804-4D8B-AE0E-E1C7AB90852B}'; FirstRetryTime = '2023-06-06T19:05:10+02:00'; NextRetryTime = '2023-06-06 17:20:10Z' })
        $machine.Send[0].Enabled = 'False'
        $inside = Read-Inside
        $inside.queues.messages, $inside.queues.velocity, $inside.queues.use | Should -Be 1443, -0.72, "$Outbound"
        $inside.queues.incoming_rate, $inside.queues.outgoing_rate | Should -Be $null, $null
        $inside.queues.since | Should -BeExactly '=2023-06-06T17:05:10Z'
        $inside.queues.next_retry | Should -BeExactly '=2023-06-06T17:20:10Z'
        $inside.uses.enabled | Should -Be $false, $true
    }

    # ConvertTo-Json of 5.1 makes {} of what says nothing, and that of 7 does not: so look at what it is given.
    It 'gives ConvertTo-Json nulls and plain lists only' {
        $machine.Listed = @(New-Blind 'old'; New-Listed 'bear1' 'None')
        $machine.Queues += [pscustomobject] @{ MessageCount = 1 }
        $machine.Send += [pscustomobject] @{ Name = 'bare' }
        $machine.Hybrid = [pscustomobject] @{ TlsCertificateName = '<I>CN=a<S>CN=b' }
        # What a value is, and all that is in it. Both nulls are equal to $null; only silence is of no length.
        function global:Get-Kinds($In, $Key) {
            if ($null -eq $In[$Key]) { return $(if (@($In[$Key]).Count -eq 0) { 'silence' } else { 'null' }) }
            $value = $In[$Key]
            if ($value -is [Collections.IDictionary]) { 'object'; foreach ($name in @($value.Keys)) { Get-Kinds $value $name } }
            elseif ($value -is [array]) { 'list'; for ($n = 0; $n -lt $value.Count; $n++) { Get-Kinds $value $n } }
            else { $value.GetType().Name }
        }
        (Get-Kinds @{ a = & {} } 'a'), (Get-Kinds @{ a = $null } 'a') | Should -Be 'silence', 'null'
        function global:ConvertTo-Json {
            param($InputObject, $Depth, [switch] $Compress)
            $global:Seen = foreach ($key in @($InputObject.Keys)) { Get-Kinds $InputObject $key }
            Microsoft.PowerShell.Utility\ConvertTo-Json -InputObject $InputObject -Depth $Depth -Compress
        }
        try { $null = Read-Inside } finally { Remove-Item function:ConvertTo-Json, function:Get-Kinds }
        $global:Seen | Sort-Object -Unique | Should -Be 'Boolean', 'Double', 'Int64', 'list', 'null', 'object', 'String'
    }
}

Describe 'times' {
    It 'reads a <Kind> time in <Zone>' -ForEach @(
        foreach ($zone in 'UTC', 'America/New_York', 'Asia/Kolkata', 'Pacific/Kiritimati') {
            foreach ($kind in 'Local', 'Unspecified', 'Utc') { @{ Zone = $zone; Kind = $kind } }
        }
    ) {
        $before = $env:TZ
        try {
            $env:TZ = $Zone
            [TimeZoneInfo]::ClearCachedData()
            if ([TimeZoneInfo]::Local.Id -ne $Zone) { Set-ItResult -Skipped -Because "this machine does not know the time of $Zone" }
            $utc = [datetime]::SpecifyKind([datetime]::new(2023, 6, 6, 17, 5, 10), 'Utc')
            $time = if ($Kind -eq 'Utc') { $utc } else { [datetime]::SpecifyKind($utc.ToLocalTime(), $Kind) }
            $machine.Queues = @(New-Queue 'BearA\1' 1 @{ FirstRetryTime = $time; NextRetryTime = [datetime]::MinValue })
            $queue = (Read-Inside).queues
            $queue.since | Should -BeExactly '=2023-06-06T17:05:10Z'
            $queue.next_retry | Should -BeNullOrEmpty
        } finally {
            $env:TZ = $before
            [TimeZoneInfo]::ClearCachedData()
        }
    }

    It 'does not guess which of two numbers is the month' {
        $machine.Queues = @(New-Queue 'BearA\1' 1 @{ FirstRetryTime = '06/07/2023 17:05:10' })
        (Read-Inside).queues.since | Should -BeNullOrEmpty
    }

    It 'takes the year 1 as never, whatever its kind' -ForEach @('Local', 'Unspecified', 'Utc') {
        $machine.Queues = @(New-Queue 'BearA\1' 1 @{ FirstRetryTime = [datetime]::SpecifyKind([datetime]::MinValue, $_); NextRetryTime = [datetime]::MinValue.AddHours(2) })
        $queue = (Read-Inside).queues
        $queue.since, $queue.next_retry | Should -Be $null, $null
    }
}

Describe 'cultures and strict mode' {
    BeforeEach {
        # Everything that a culture could spell, and all of it in one inventory.
        $machine.Queues = @(
            New-Queue 'BearA\6' 1443 @{ Velocity = -0.72; IncomingRate = 1234.5; Status = 'Retry'; FirstRetryTime = New-Time '2023-06-06T17:05:10Z' }
            New-Queue 'BearA\SUBMISSION' 1 @{ NextHopConnector = 'I0292C782-IIII' }
            New-Queue 'BearA\POISON' 1
        )
        $machine.Receive = @(New-ReceiveConnector 1 'Client' 'TLS, INTEGRATED' '0.0.0.0:25')
        $machine.Service = 'RUNNING'
        $machine.Addresses += 'FE80::1'
        $culture = [cultureinfo]::CurrentCulture
        $expected = Invoke-Collector
    }
    AfterEach { [cultureinfo]::CurrentCulture = $culture }

    # A decimal comma; a dot between hours and minutes; a dotless i; a calendar of its own.
    It 'writes the same in <_>' -ForEach @('de-DE', 'fi-FI', 'it-IT', 'tr-TR', 'th-TH', 'ar-SA') {
        $other = [cultureinfo]::new($_)
        if ($other.NumberFormat.NativeDigits -and $other.DateTimeFormat.ShortDatePattern -eq [cultureinfo]::InvariantCulture.DateTimeFormat.ShortDatePattern) {
            Set-ItResult -Skipped -Because 'without ICU (libicu) .NET knows one culture'
        }
        [cultureinfo]::CurrentCulture = $other
        Invoke-Collector | Should -BeExactly $expected
        (ConvertFrom-Json $expected).queues.kind | Should -Be 'delivery', 'submission', 'poison'
    }

    It 'knows a culture whose time has a dot' {
        $dotted = 'fi-FI', 'it-IT', 'id-ID', 'da-DK' | Where-Object { [cultureinfo]::new($_).DateTimeFormat.TimeSeparator -eq '.' } | Select-Object -First 1
        if (-not $dotted) { Set-ItResult -Skipped -Because 'none of those asked has one here' }
        [cultureinfo]::CurrentCulture = $dotted
        (Get-Date).ToString('HH:mm') | Should -Match '\.'
        Invoke-Collector | Should -BeExactly $expected
    }

    It 'writes the same under strict mode, of objects that lack most properties' {
        $machine.Queues += [pscustomobject] @{ MessageCount = 1 }
        $machine.Listed = @((New-Blind 'old'), [pscustomobject] @{ Subject = 'CN=no bytes' })
        $machine.Send = @([pscustomobject] @{ Guid = $Outbound }, [pscustomobject] @{ Name = 'nothing' })
        $machine.Receive = [pscustomobject] @{ Guid = $Primary }
        $machine.Hybrid = [pscustomobject] @{ Name = 'Hybrid Configuration' }
        Set-Item function:global:Get-ExchangeServer { [pscustomobject] @{ Name = 'BearA' } }
        Set-Item function:global:Get-NetIPAddress { [pscustomobject] @{ InterfaceAlias = 'Ethernet' } }
        $loose = Invoke-Collector
        $strict = & { Set-StrictMode -Version Latest; Invoke-Collector }
        $strict | Should -BeExactly $loose
        $inside = ConvertFrom-Json $loose
        Get-Sections $inside | Sort-Object -Unique | Should -Be @('certificates') -Because 'only what lost something is told'
        $inside.uses.Count | Should -Be 3
        $inside.uses[0].select.unresolved | Should -Not -BeNullOrEmpty
    }

    It 'writes nothing but the same when nothing is there, under strict mode' {
        foreach ($key in 'Queues', 'Listed', 'Stored', 'Send', 'Receive', 'Hybrid', 'Addresses') { $machine[$key] = $null }
        $strict = & { Set-StrictMode -Version Latest; Invoke-Collector }
        $inside = ConvertFrom-Json $strict
        foreach ($key in 'queues', 'certificates', 'uses', 'errors') { $strict | Should -Match "`"$key`":\[\]" }
        $strict | Should -Match '"addresses":\[\]'
        $inside.server.name | Should -BeExactly 'BearA'
    }

    It 'is not led astray by the preferences of whoever starts it' {
        $ErrorActionPreference = 'SilentlyContinue'
        $OFS = '!'
        Invoke-Collector | Should -BeExactly $expected
        $machine.Fails['Get-Queue'] = 'no'
        Get-Sections (Read-Inside) | Should -Be 'queues'
    }
}

Describe 'certificates' {
    It 'knows no services where Exchange gave bytes only' {
        Use-Machine (New-StoryMachine '4-blind' 'BearD')
        $inside = Read-Inside
        $inside.certificates.Count | Should -Be 3
        $inside.certificates | ForEach-Object {
            $_.services, $_.status, $_.listed | Should -Be $null, $null, $true
            $_.private_key | Should -BeTrue -Because 'the store says so'
        }
        Get-Sections $inside | Should -Be 'certificates'
        $inside.errors.text | Should -BeLike '*3 *without their services*'
    }

    It 'knows no services of those in the store where Exchange could not be asked' {
        $machine.Fails['Get-ExchangeCertificate'] = 'no'
        $inside = Read-Inside
        $inside.certificates.Count | Should -Be 3
        $inside.certificates | ForEach-Object { $_.services | Should -Be $null; $_.listed | Should -BeFalse }
        Get-Sections $inside | Should -Be 'certificates'
    }

    It 'takes what Exchange lists where the store cannot be read' {
        $machine.Fails['Get-ChildItem'] = 'no'
        $inside = Read-Inside
        $inside.certificates.Count | Should -Be 3
        $inside.certificates.listed | Should -Be $true, $true, $true
        Get-Sections $inside | Should -Be 'store'
    }

    It 'keeps the others when one has no bytes' {
        $machine.Listed = @([pscustomobject] @{ Thumbprint = '00'; Services = 'SMTP' }, (New-Listed 'old' 'SMTP'))
        $machine.Stored = @()
        $inside = Read-Inside
        $inside.certificates.Count | Should -Be 1
        $inside.errors.text | Should -BeLike '*1 of 2*RawData*'
    }
}

Describe 'uses' {
    It 'selects by the named certificate, else by the connector''s name, else by the server''s' {
        $machine.Send = @(New-SendConnector $Primary 'a' $null @{ Fqdn = New-Named 'mail.bear.example' }; New-SendConnector $Outbound 'b' '')
        $uses = (Read-Inside).uses
        $uses[0].select.fqdn, $uses[0].fqdn | Should -Be 'mail.bear.example', 'mail.bear.example'
        $uses[1].select.fqdn, $uses[1].fqdn | Should -Be 'beara.bear.local', $null
    }

    It 'says that it does not know where nobody says a name' {
        $machine.Fails['Get-ExchangeServer'] = 'no'
        $machine.Send = @(New-SendConnector $Primary 'a' $null)
        $inside = Read-Inside
        $inside.uses[0].select.unresolved | Should -Not -BeNullOrEmpty
        $inside.server.name, $inside.server.kind | Should -Be 'BearA', 'exchange'
        ($Asked | Where-Object Cmdlet -EQ 'Get-Queue').Bound.Server | Should -BeExactly 'BearA'
    }

    It 'keeps the name of an authority that holds an address' {
        $machine.Send = @(New-SendConnector $Primary 'a' '<I>E=ca@bear.example, CN=Bear CA<S>CN=x')
        (Read-Inside).uses[0].select.tls_certificate_name | Should -BeExactly '<I>E=ca@bear.example, CN=Bear CA<S>CN=x'
    }

    It 'reads receive connectors; those without TLS present none' {
        $machine.Send = $null
        $machine.Receive = @(
            New-ReceiveConnector 1 'Default Frontend BearA' 'Tls, Integrated, BasicAuth, BasicAuthRequireTLS, ExchangeServer' @('[::]:25', '0.0.0.0:25')
            New-ReceiveConnector 2 'Client Frontend BearA' 'Tls, Integrated' '0.0.0.0:587' @{ TlsCertificateName = New-Named '<I>CN=a<S>CN=b'; Fqdn = 'mail.bear.example' }
            New-ReceiveConnector 3 'Relay' 'None' '192.0.2.11:2525'
            New-ReceiveConnector 4 'Odd' 'BasicAuth, BasicAuthRequireTLS' '192.0.2.11:2526'
        )
        $uses = (Read-Inside).uses
        $uses.role | Sort-Object -Unique | Should -Be 'server'
        $uses[0].select.fqdn | Should -BeExactly 'beara.bear.local'
        $uses[0].bindings | Should -Be '[::]:25', '0.0.0.0:25'
        $uses[1].select.tls_certificate_name | Should -BeExactly '<I>CN=a<S>CN=b'
        $uses[2].select.none, $uses[3].select.none | Should -Be $true, $true
        $uses.servers | Sort-Object -Unique | Should -Be 'BearA'
    }

    It 'has one use for the hybrid configuration that names a certificate' {
        $machine.Hybrid = [pscustomobject] @{ Name = 'Hybrid Configuration'; Guid = [guid]::NewGuid(); TlsCertificateName = '<I>CN=a<S>CN=b'
            SendingTransportServers = @(New-Named 'BearA'; New-Named 'BearB') }
        $use = (Read-Inside).uses[2]
        $use.id, $use.role, $use.enabled | Should -Be 'hybrid', 'client', $true
        $use.select.tls_certificate_name | Should -BeExactly '<I>CN=a<S>CN=b'
        $use.servers | Should -Be 'BearA', 'BearB'
    }

    It 'has none for a hybrid configuration that names no certificate' -ForEach @('', $null) {
        $machine.Hybrid = [pscustomobject] @{ TlsCertificateName = $_ }
        (Read-Inside).uses.Count | Should -Be 2
    }
}

Describe 'what cannot be asked' {
    It 'tells <Cmdlet> that <How> under <Section>, and keeps the rest' -ForEach @(
        foreach ($how in 'fails', 'is missing', 'writes an error') {
            @{ How = $how; Cmdlet = 'Get-ExchangeServer'; Section = 'server' }
            @{ How = $how; Cmdlet = 'Get-NetIPAddress'; Section = 'server' }
            @{ How = $how; Cmdlet = 'Get-Queue'; Section = 'queues'; Key = 'queues' }
            @{ How = $how; Cmdlet = 'Get-ExchangeCertificate'; Section = 'certificates' }
            @{ How = $how; Cmdlet = 'Get-SendConnector'; Section = 'uses' }
            @{ How = $how; Cmdlet = 'Get-ReceiveConnector'; Section = 'uses' }
            @{ How = $how; Cmdlet = 'Get-HybridConfiguration'; Section = 'uses' }
        }
        foreach ($how in 'fails', 'writes an error') {
            @{ How = $how; Cmdlet = 'Get-Service'; Section = 'server' }
            @{ How = $how; Cmdlet = 'Get-ChildItem'; Section = 'store' }
        }
    ) {
        switch ($How) {
            'fails' { $machine.Fails[$Cmdlet] = 'It is out, ask bear@bear.example.' }
            'is missing' { Remove-Item "function:$Cmdlet" }
            'writes an error' { Set-Item "function:global:$Cmdlet" { [CmdletBinding()] param([Parameter(ValueFromRemainingArguments)] $Rest) Write-Error 'It is out.' } }
        }
        $inside = Read-Inside
        Get-Sections $inside | Should -Be $Section
        $inside.errors.text | Should -BeLike "*$Cmdlet*"
        $inside.errors.text | Should -Not -Match '@'
        foreach ($kept in 'queues', 'certificates', 'uses') {
            ($inside.PSObject.Properties.Name -contains $kept) | Should -Be ($kept -ne $Key) -Because $kept
        }
    }

    It 'has no key of which nothing could be asked' {
        foreach ($cmdlet in 'Get-ExchangeCertificate', 'Get-ChildItem', 'Get-SendConnector', 'Get-ReceiveConnector', 'Get-HybridConfiguration') { $machine.Fails[$cmdlet] = 'no' }
        $inside = Read-Inside
        $inside.PSObject.Properties.Name | Should -Be 'schema', 'collected_at', 'collector', 'server', 'queues', 'errors'
        Get-Sections $inside | Should -Be 'certificates', 'store', 'uses', 'uses', 'uses'
    }

    It 'has an empty list where the one that could be asked had none' {
        $machine.Fails['Get-SendConnector'] = 'no'
        $machine.Fails['Get-ReceiveConnector'] = 'no'
        Invoke-Collector | Should -Match '"uses":\[\]'
    }

    It 'says that the shell could not be started where there is no Exchange' {
        Clear-Machine
        $env:COMPUTERNAME = 'BearA'
        $inside = Read-Inside
        ($inside.errors | Where-Object section -EQ 'queues').text | Should -BeLike '*Get-Queue*The Exchange shell did not start*'
        $inside.PSObject.Properties.Name | Should -Not -Contain 'queues'
    }

    It 'starts the shell where it does not run yet' {
        Clear-Machine
        $env:COMPUTERNAME = 'BearA'
        $env:ExchangeInstallPath = "$folder/exchange"
        $null = [IO.Directory]::CreateDirectory("$folder/exchange/bin")
        [IO.File]::WriteAllText("$folder/exchange/bin/RemoteExchange.ps1", @'
'a banner'
function Connect-ExchangeServer([switch] $Auto, [string] $ClientApplication) {
    "connected: $Auto $ClientApplication"
    if (-not $Auto -or $ClientApplication -ne 'ManagementShell') { throw 'not so' }
    function global:Get-Queue { [pscustomobject] @{ Identity = 'BearA\1'; MessageCount = 7 } }
}
'@)
            try { $inside = Read-Inside } finally {
                $env:ExchangeInstallPath = $null
                Remove-Item function:Get-Queue
                [IO.Directory]::Delete("$folder/exchange", $true)
            }
            $inside.queues.messages | Should -Be 7
            Get-Sections $inside | Should -Not -Contain 'queues'
        }
    }

    Context 'the file' {
        It 'replaces the old one and leaves nothing beside it' {
            [IO.File]::WriteAllText("$folder/BearA.json", 'old')
            & $CollectorPath -Path "$folder/BearA.json"
            $LASTEXITCODE | Should -Be 0
            (ConvertFrom-Json ([IO.File]::ReadAllText("$folder/BearA.json"))).server.name | Should -BeExactly 'BearA'
            Get-Left | Should -Not -Contain 'BearA.json.tmp'
        }

        It 'finds the path from where PowerShell stands' {
            Push-Location $folder
            try { & $CollectorPath -Path 'here.json' } finally { Pop-Location }
            Get-Left | Should -Contain 'here.json'
        }

        It 'ends with 1 and leaves nothing where it cannot write' -ForEach @('nowhere/BearA.json', 'folder', 'BearA.json/below') {
            $null = [IO.Directory]::CreateDirectory("$folder/folder")
            [IO.File]::WriteAllText("$folder/BearA.json", 'old')
            $before = Get-Left
            & $CollectorPath -Path "$folder/$_" 2>$null
            $LASTEXITCODE | Should -Be 1
            Get-Left | Should -Be $before
            [IO.File]::ReadAllText("$folder/BearA.json") | Should -BeExactly 'old'
            [IO.Directory]::GetFileSystemEntries("$folder/folder") | Should -BeNullOrEmpty
        }

        It 'ends with 1 where nobody says which server it is' {
            $env:COMPUTERNAME = $null
            & $CollectorPath -Path "$folder/nobody.json"
            $LASTEXITCODE | Should -Be 1
            Get-Left | Should -Not -Contain 'nobody.json'
        }

        It 'can be dot-sourced' {
            . $CollectorPath -Path "$folder/dotted.json"
            $LASTEXITCODE | Should -Be 0
            Get-Left | Should -Contain 'dotted.json'
        }

        It 'says nothing on standard output' {
            & $CollectorPath -Path "$folder/quiet.json" | Should -BeNullOrEmpty
        }

        It 'ends the process with its exit status' {
            $pwsh = [Environment]::ProcessPath
            $arguments = @()
            if ([IO.Path]::GetFileNameWithoutExtension($pwsh) -eq 'dotnet') { $arguments = @([IO.Path]::Combine($PSHOME, 'pwsh.dll')) }
            & $pwsh @arguments -NoProfile -File $CollectorPath -Path "$folder/process.json" -Server BearA
            $LASTEXITCODE | Should -Be 0
            & $pwsh @arguments -NoProfile -File $CollectorPath -Path "$folder/nowhere/process.json" -Server BearA 2>&1 | Should -BeLike 'Get-SmtpTlsInside.ps1: *nowhere*'
            $LASTEXITCODE | Should -Be 1
        }
    }
}
