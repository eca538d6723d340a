# What both scripts may do, read off their syntax trees: which commands they run, that every question stops on an
# error, and that Windows PowerShell 5.1 understands them.

BeforeDiscovery {
    $scripts = 'Get-SmtpTlsInside.ps1', 'Register-SmtpTlsInsideTask.ps1' |
        ForEach-Object { @{ Name = $_; File = [IO.Path]::GetFullPath("$PSScriptRoot/../../collectors/exchange/$_") } }
}

BeforeAll {
    function Read-Tree([string] $File) {
        $tokens = $errors = $null
        $tree = [Management.Automation.Language.Parser]::ParseFile($File, [ref] $tokens, [ref] $errors)
        if ($errors) { throw "$File does not parse: $errors" }
        @{ Tree = $tree; Tokens = $tokens }
    }
    function Find-Nodes($Tree, [type] $Type) { @($Tree.FindAll({ $args[0] -is $Type }.GetNewClosure(), $true)) }

    # The commands of a script that it does not define itself. One whose name is worked out is '?'.
    function Find-Commands($Tree) {
        $own = (Find-Nodes $Tree ([Management.Automation.Language.FunctionDefinitionAst])).Name
        foreach ($command in Find-Nodes $Tree ([Management.Automation.Language.CommandAst])) {
            $name = $command.GetCommandName()
            if ($name -in $own) { continue }
            $values = @{}
            $elements = $command.CommandElements
            for ($n = 1; $n -lt $elements.Count; $n++) {
                if ($elements[$n] -isnot [Management.Automation.Language.CommandParameterAst]) { continue }
                $value = if ($elements[$n].Argument) { $elements[$n].Argument } elseif ($n + 1 -lt $elements.Count) { $elements[$n + 1] }
                $values[$elements[$n].ParameterName] = "$value"
            }
            [pscustomobject] @{ Name = if ($name) { $name } else { '?' }; Values = $values; Text = $command.Extent.Text; Node = $command }
        }
    }
}

Describe 'Get-SmtpTlsInside.ps1' {
    BeforeAll {
        $file = [IO.Path]::GetFullPath("$PSScriptRoot/../../collectors/exchange/Get-SmtpTlsInside.ps1")
        $tree = (Read-Tree $file).Tree
        $commands = @(Find-Commands $tree)
        $asks = 'Get-ChildItem', 'Get-ExchangeCertificate', 'Get-ExchangeServer', 'Get-HybridConfiguration', 'Get-NetIPAddress',
            'Get-Queue', 'Get-ReceiveConnector', 'Get-SendConnector', 'Get-Service'
    }

    It 'has at most 300 lines' {
        [IO.File]::ReadAllLines($file).Count | Should -BeLessOrEqual 300
    }

    It 'asks this and nothing else, each once' {
        $asked = $commands.Name | Where-Object { $_ -like 'Get-*' } | Sort-Object
        $asked | Should -Be $asks
    }

    It 'stops on an error of each' {
        foreach ($command in $commands | Where-Object Name -Like 'Get-*') { $command.Values['ErrorAction'] | Should -BeExactly 'Stop' -Because $command.Text }
    }

    It 'asks for all queues' {
        ($commands | Where-Object Name -EQ 'Get-Queue').Values['ResultSize'] | Should -BeExactly 'Unlimited'
    }

    It 'asks about this machine''s store and its transport service only' {
        ($commands | Where-Object Name -EQ 'Get-ChildItem').Text | Should -BeExactly 'Get-ChildItem Cert:\LocalMachine\My -ErrorAction Stop'
        ($commands | Where-Object Name -EQ 'Get-Service').Text | Should -BeLike 'Get-Service MSExchangeTransport -ErrorAction Stop*'
    }

    It 'runs besides only what handles values, and what starts the shell' {
        $others = $commands.Name | Where-Object { $_ -notin $asks } | Sort-Object -Unique
        $others | Should -Be '?', 'Add-PSSnapin', 'Connect-ExchangeServer', 'ConvertTo-Json', 'ForEach-Object', 'Select-Object', 'Sort-Object', 'Where-Object'
    }

    It 'starts the shell only where Get-Queue is no command' {
        foreach ($command in $commands | Where-Object Name -In 'Add-PSSnapin', 'Connect-ExchangeServer') {
            $around = $command.Node
            while ($around -and -not ($around -is [Management.Automation.Language.IfStatementAst] -and $around.Extent.Text -like "*GetCommand('Get-Queue'*")) { $around = $around.Parent }
            $around | Should -Not -BeNullOrEmpty -Because $command.Text
        }
    }

    It 'runs commands of unknown name only where it starts the shell and where it calls its own functions' {
        $texts = ($commands | Where-Object Name -EQ '?').Text
        foreach ($text in $texts) { $text | Should -Match '^(& \$Ask|& \$Convert \$one \$As|\. \(\[IO\.Path\]::Combine\(\$bin, ''(Exchange|RemoteExchange)\.ps1''\)\))$' }
        $texts.Count | Should -Be 4
    }

    It 'uses these parts of .NET and no others: none speaks to the network, none starts a program' {
        $types = Find-Nodes $tree ([Management.Automation.Language.TypeExpressionAst]) | ForEach-Object { $_.TypeName.FullName -replace ' ' } | Sort-Object -Unique
        $types | Should -Be 'Collections.Generic.Dictionary[string,object]', 'Collections.Generic.List[object]', 'Console', 'Convert', 'cultureinfo',
            'datetime', 'DateTimeOffset', 'Diagnostics.Stopwatch', 'double', 'guid', 'IO.File', 'IO.Path',
            'Management.Automation.CommandNotFoundException', 'math', 'Microsoft.Win32.Registry', 'NullString', 'string', 'Text.UTF8Encoding', 'Threading.Thread'
        $calls = Find-Nodes $tree ([Management.Automation.Language.InvokeMemberExpressionAst]) | Where-Object { $_.Expression.Extent.Text -in '[IO.File]', '[Microsoft.Win32.Registry]' }
        ($calls | ForEach-Object { $_.Member.Value } | Sort-Object -Unique) | Should -Be 'Delete', 'Exists', 'GetValue', 'Move', 'ReadAllText', 'Replace', 'WriteAllText'
    }
}

Describe 'Register-SmtpTlsInsideTask.ps1' {
    BeforeAll {
        $tree = (Read-Tree ([IO.Path]::GetFullPath("$PSScriptRoot/../../collectors/exchange/Register-SmtpTlsInsideTask.ps1"))).Tree
        $commands = @(Find-Commands $tree)
    }

    It 'runs one command, and only with -Register' {
        $commands.Name | Should -Be 'Register-ScheduledTask'
        $commands[0].Values['ErrorAction'] | Should -BeExactly 'Stop'
        $around = $commands[0].Node
        while ($around -isnot [Management.Automation.Language.IfStatementAst]) { $around = $around.Parent }
        $around.Clauses[0].Item1.Extent.Text | Should -BeExactly '$Register'
        $around.Clauses.Count | Should -Be 1
        $around.ElseClause | Should -BeNullOrEmpty
    }

    It 'uses these parts of .NET and no others' {
        $types = Find-Nodes $tree ([Management.Automation.Language.TypeExpressionAst]) | ForEach-Object { $_.TypeName.FullName -replace ' ' } | Sort-Object -Unique
        $types | Should -Be 'Environment', 'IO.Path', 'Security.SecurityElement'
    }
}

Describe 'Windows PowerShell 5.1' {
    BeforeAll {
        # What a script uses that 5.1 does not know.
        function Find-Newer([string] $File) {
            $read = Read-Tree $File
            foreach ($node in $read.Tree.FindAll({ $true }, $true)) {
                $what = switch ($node.GetType().Name) {
                    'TernaryExpressionAst' { 'a ? b : c' }
                    'PipelineChainAst' { '&& or ||' }
                    'PipelineAst' { if ($node.Background) { 'the & of the background' } }
                    'BinaryExpressionAst' { if ($node.Operator -eq 'QuestionQuestion') { '??' } }
                    'AssignmentStatementAst' { if ($node.Operator -eq 'QuestionQuestionEquals') { '??=' } }
                    { $_ -in 'MemberExpressionAst', 'InvokeMemberExpressionAst', 'IndexExpressionAst' } { if ($node.NullConditional) { '?. or ?[]' } }
                    'ScriptBlockAst' { if ($node.CleanBlock) { 'clean' } }
                    'UsingStatementAst' { 'using' }
                    'VariableExpressionAst' { if ("$($node.VariablePath)" -in 'IsWindows', 'IsLinux', 'IsMacOS', 'IsCoreCLR', 'PSStyle') { "$node" } }
                    'CommandParameterAst' {
                        if ($node.ParameterName -in 'Parallel', 'ThrottleLimit', 'AsArray', 'EnumsAsStrings', 'EscapeHandling', 'AsHashtable', 'DateKind', 'NoEnumerate',
                            'AsByteStream', 'Stable', 'Top', 'Bottom', 'AsUTC', 'LeafBase', 'Extension', 'AdditionalChildPath', 'SkipLast', 'Raw', 'StandardDeviation') { "-$($node.ParameterName)" }
                    }
                }
                # File.Move with three arguments came with .NET Core 3.
                if ($node -is [Management.Automation.Language.InvokeMemberExpressionAst] -and "$($node.Member)" -eq 'Move' -and @($node.Arguments).Count -gt 2) { $what = 'Move(…, overwrite)' }
                # A plain $null becomes an empty path there.
                if ($node -is [Management.Automation.Language.InvokeMemberExpressionAst] -and "$($node.Member)" -eq 'Replace' -and "$($node.Expression)" -eq '[IO.File]' -and
                    "$($node.Arguments[2])" -ne '[NullString]::Value') { $what = 'Replace(…, $null)' }
                if ($what) { "$($node.Extent.StartLineNumber): $what" }
            }
            foreach ($token in $read.Tokens) {
                if ("$($token.Kind)" -in 'StringExpandable', 'HereStringExpandable' -and $token.Text -match '`[eu]') { "$($token.Extent.StartLineNumber): ``e or ``u" }
                if ($token.Kind -eq 'Number' -and $token.Text -match '^0b|(u|n|y|uy|s|us|ul)$') { "$($token.Extent.StartLineNumber): $($token.Text)" }
            }
            # Without a byte order mark 5.1 reads a script in the machine's own code page.
            if ([IO.File]::ReadAllBytes($File) | Where-Object { $_ -gt 127 }) { 'letters beyond ASCII' }
        }
    }

    It 'understands <Name>' -ForEach $scripts {
        Find-Newer $File | Should -BeNullOrEmpty
    }

    # The list bites: one script a construct.
    It 'does not understand <_>' -ForEach @(
        '$a ? 1 : 2', 'Get-Queue && Get-Service', '$a ?? 1', '$a ??= 1', '${a}?.b', '${a}?[0]', '$x = Get-Queue &', 'using namespace System.IO', '$IsWindows',
        'ConvertTo-Json -AsArray', 'ConvertTo-Json -EnumsAsStrings', '1 | ForEach-Object -Parallel { }', '[IO.File]::Move("a", "b", $true)',
        '[IO.File]::Replace("a", "b", $null)', '"`e[0m"', '"`u{e9}"', '0b11', '5ul', '"é"', 'function f { clean { } }'
    ) {
        $file = [IO.Path]::GetTempFileName()
        try {
            [IO.File]::WriteAllText($file, $_)
            Find-Newer $file | Should -Not -BeNullOrEmpty
        } finally { [IO.File]::Delete($file) }
    }
}
