# Holds the inventories that other tests read to what the collector writes today.

BeforeAll { . $PSScriptRoot/Story.ps1 }

Describe 'the inventories' {
    It 'are what the collector writes' {
        $kept = @{}
        foreach ($inventory in Get-Inventories) {
            $kept[$inventory.Path] = $true
            [IO.File]::ReadAllText("$PSScriptRoot/inventories/$($inventory.Path)") |
                Should -BeExactly "$($inventory.Text)`n" -Because "$($inventory.Path): write them anew with pwsh -File tests/exchange/regenerate.ps1"
        }
        $kept.Count | Should -Be 47
        $there = Get-ChildItem -Recurse -File -Filter *.json "$PSScriptRoot/inventories"
        $there.Count | Should -Be $kept.Count
    }

    It 'hold no address' {
        Get-ChildItem -Recurse -File -Filter *.json "$PSScriptRoot/inventories" |
            ForEach-Object { [IO.File]::ReadAllText($_.FullName) | Should -Not -Match '@' }
    }
}
