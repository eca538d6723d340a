# Writes anew what the collector writes of the story: inventories/, and the checksums that say of which script it is.
# pwsh -NoProfile -File tests/exchange/regenerate.ps1
$ErrorActionPreference = 'Stop'
. $PSScriptRoot/Story.ps1
$folder = "$PSScriptRoot/inventories"
foreach ($inventory in Get-Inventories) {
    $file = "$folder/$($inventory.Path)"
    $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($file))
    [IO.File]::WriteAllText($file, "$($inventory.Text)`n")
}
$lines = foreach ($file in 'collectors/exchange/Get-SmtpTlsInside.ps1', 'tests/exchange/Story.ps1') {
    $hash = (Get-FileHash -Algorithm SHA256 "$PSScriptRoot/../../$file").Hash.ToLowerInvariant()
    "$hash  $file`n"
}
[IO.File]::WriteAllText("$folder/made-by.sha256", -join $lines)
