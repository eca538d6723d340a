#!/bin/sh
# Tests the scripts in collectors/exchange with PowerShell (pwsh) and its test framework Pester. Cmdlets of Exchange are
# played by functions of their names; nothing of Exchange or Windows is needed. Without pwsh nothing is tested.
set -u
cd "$(dirname "$0")/.." || exit 1
if ! command -v pwsh >/dev/null; then
    echo "tests/exchange.sh: SKIPPED the tests of the Exchange collector: there is no PowerShell (pwsh) on the PATH"
    exit 0
fi
exec pwsh -NoProfile -NonInteractive -Command '
    if (-not (Get-Module -ListAvailable Pester)) {
        "tests/exchange.sh: SKIPPED the tests of the Exchange collector: this PowerShell has no Pester"
        exit 0
    }
    $settings = New-PesterConfiguration
    $settings.Run.Path = "tests/exchange"
    $settings.Run.Exit = $true
    Invoke-Pester -Configuration $settings
'
