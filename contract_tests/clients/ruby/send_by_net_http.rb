# Sends an SMS: send_by_net_http.rb TO MESSAGE.
require "net/http"

to, message = ARGV
begin
  answer = Net::HTTP.post_form(
    URI("https://secure.dialogtech.com/ibp_api.php"),
    "action" => "sms.send_message", "access_key" => "foo", "secret_access_key" => "bar",
    "from" => "5554332111", "to" => to, "message" => message
  )
  puts answer.body
rescue IOError, SystemCallError, OpenSSL::SSL::SSLError => error
  abort "#{error.class}: #{error.message}"
end
