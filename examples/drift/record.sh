# Asks the provider what your application asks it, so that it is recorded. It sends nothing: test=true, and reads.
set -eu

ask() {
    path=$1
    shift
    curl --silent --show-error --fail "https://api2.serwersms.pl/$path.json" \
        --data-urlencode "username=$SERWERSMS_USERNAME" --data-urlencode "password=$SERWERSMS_PASSWORD" "$@"
    echo
}

ask account/limits
ask messages/send_sms --data-urlencode "phone=+48500600700" --data-urlencode "text=Zażółć gęślą jaźń" --data "test=true&details=true"
ask messages/reports --data "limit=10"
ask messages/recived --data "type=eco"
ask contacts/index --data "limit=10"
