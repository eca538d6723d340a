# The scheduled task that the script prints, and that it registers nothing unless told to.

BeforeAll {
    $script = [IO.Path]::GetFullPath("$PSScriptRoot/../../collectors/exchange/Register-SmtpTlsInsideTask.ps1")
    function Register-ScheduledTask {
        [CmdletBinding()] param([string] $TaskName, [string] $Xml, [switch] $Force)
        $registered.Add($PSBoundParameters)
    }
    function Read-Task([hashtable] $Arguments = @{}) { ([xml] ((& $script @Arguments) -join "`n")).Task }
}

Describe 'Register-SmtpTlsInsideTask.ps1' {
    BeforeEach { $registered = [Collections.Generic.List[object]]::new() }

    It 'prints a task without arguments, with the least rights' {
        $task = Read-Task
        $registered.Count | Should -Be 0
        $task.Principals.Principal.RunLevel | Should -BeExactly 'LeastPrivilege'
        $task.Principals.Principal.LogonType | Should -BeExactly 'Password'
        $task.Principals.Principal.UserId | Should -BeLike '*\smtp-tls$'
        $task.Triggers.TimeTrigger.Repetition.Interval | Should -BeExactly 'PT5M'
        $task.Settings.MultipleInstancesPolicy | Should -BeExactly 'IgnoreNew'
        $task.Actions.Exec.Command | Should -BeLike '*\WindowsPowerShell\v1.0\powershell.exe'
        $task.Actions.Exec.Arguments | Should -BeLike '*-File "*Get-SmtpTlsInside.ps1" -Path "C:\ProgramData\smtp-tls-inside\*.json"'
        $task.NamespaceURI | Should -BeExactly 'http://schemas.microsoft.com/windows/2004/02/mit/task'
        "$(& $script)" | Should -Not -Match 'HighestAvailable'
    }

    It 'takes account, path, interval and script' {
        $task = Read-Task @{ Account = 'BEAR\smtp-tls$'; Path = '\\monitor\in & out\BearA.json'; Minutes = 10; Collector = 'D:\x\Get-SmtpTlsInside.ps1' }
        $task.Principals.Principal.UserId | Should -BeExactly 'BEAR\smtp-tls$'
        $task.Triggers.TimeTrigger.Repetition.Interval | Should -BeExactly 'PT10M'
        $task.Actions.Exec.Arguments | Should -BeLike '*-File "D:\x\Get-SmtpTlsInside.ps1" -Path "\\monitor\in & out\BearA.json"'
    }

    It 'names SYSTEM by its id, for Edge servers' -ForEach @('SYSTEM', 'NT AUTHORITY\SYSTEM') {
        $principal = (Read-Task @{ Account = $_ }).Principals.Principal
        $principal.UserId, $principal.RunLevel | Should -Be 'S-1-5-18', 'LeastPrivilege'
        $principal.LogonType | Should -BeNullOrEmpty
    }

    It 'refuses a path that would end the quotation' {
        { & $script -Path 'C:\a" -Command x' } | Should -Throw '*quotation*'
    }

    It 'registers what it prints, with -Register only' {
        $printed = & $script -Account 'BEAR\smtp-tls$' -Register
        $registered.Count | Should -Be 1
        $registered[0].TaskName | Should -BeExactly 'smtp-tls-inside'
        $registered[0].Xml | Should -BeExactly $printed
    }

    It 'prints the same under strict mode and in another culture' {
        $culture = [cultureinfo]::CurrentCulture
        $expected = & $script
        try {
            [cultureinfo]::CurrentCulture = 'ar-SA'
            & { Set-StrictMode -Version Latest; & $script } | Should -BeExactly $expected
        } finally { [cultureinfo]::CurrentCulture = $culture }
    }
}
