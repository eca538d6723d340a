<#
.SYNOPSIS
Prints a scheduled task that runs Get-SmtpTlsInside.ps1, as XML; registers it only with -Register.
.DESCRIPTION
The task has the rights of its account and no higher ones. On Mailbox servers that is a group managed service account,
which may only look (View-Only Organization Management). On Edge servers only a local administrator may look: SYSTEM.
.EXAMPLE
.\Register-SmtpTlsInsideTask.ps1 -Path \\monitor\smtp-tls-inside\BearA.json -Account BEAR\smtp-tls$ -Register
.EXAMPLE
.\Register-SmtpTlsInsideTask.ps1 -Account SYSTEM -Register
#>
[CmdletBinding()]
param(
    # The inventory that the task writes.
    [ValidateNotNullOrEmpty()] [string] $Path = "C:\ProgramData\smtp-tls-inside\$([Environment]::MachineName).json",
    # Who runs it: a group managed service account (its name ends in $), or SYSTEM.
    [ValidateNotNullOrEmpty()] [string] $Account = "$([Environment]::UserDomainName)\smtp-tls$",
    # Every so many minutes.
    [ValidateRange(1, 1440)] [int] $Minutes = 5,
    # Where the collector lies.
    [ValidateNotNullOrEmpty()] [string] $Collector = [IO.Path]::Combine($PSScriptRoot, 'Get-SmtpTlsInside.ps1'),
    [ValidateNotNullOrEmpty()] [string] $TaskName = 'smtp-tls-inside',
    [switch] $Register
)

function ConvertTo-Xml([string] $Text) { [Security.SecurityElement]::Escape($Text) }

foreach ($text in $Path, $Collector) {
    if ($text.Contains('"')) { throw "a path may not hold quotation marks: $text" }
}
$arguments = "-NoProfile -NonInteractive -ExecutionPolicy RemoteSigned -File `"$Collector`" -Path `"$Path`""
# SYSTEM by its id, which is the same in every language; it needs no way to log on.
$principal = if ($Account -match '^(NT AUTHORITY\\)?SYSTEM$') { '<UserId>S-1-5-18</UserId>' }
else { "<UserId>$(ConvertTo-Xml $Account)</UserId><LogonType>Password</LogonType>" }

# Made as text, so that it can be read and tested anywhere. A run that hangs ends before the next but one begins.
$task = @"
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Writes what this server says of its queues, connectors and certificates for smtp-tls-exporter.</Description>
  </RegistrationInfo>
  <Triggers>
    <TimeTrigger>
      <Repetition><Interval>PT${Minutes}M</Interval></Repetition>
      <StartBoundary>2020-01-01T00:00:00</StartBoundary>
      <Enabled>true</Enabled>
    </TimeTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">$principal<RunLevel>LeastPrivilege</RunLevel></Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT$(2 * $Minutes)M</ExecutionTimeLimit>
    <Enabled>true</Enabled>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe</Command>
      <Arguments>$(ConvertTo-Xml $arguments)</Arguments>
    </Exec>
  </Actions>
</Task>
"@
$task
if ($Register) {
    $null = Register-ScheduledTask -TaskName $TaskName -Xml $task -Force -ErrorAction Stop
}
