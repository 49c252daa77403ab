foreach ($address in $args) {
    (Invoke-WebRequest -Uri $address -UseBasicParsing -TimeoutSec 20).Content
}
