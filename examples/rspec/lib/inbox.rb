# The orders that customers send by SMS, read from SerwerSMS.
require "json"
require "net/http"

class Inbox
  # As in many a script: the host and the credentials are built in.
  URL = URI("https://api2.serwersms.pl/messages/recived.json")
  ACCOUNT = { username: "Login", password: "Haslo" }.freeze

  class Failure < StandardError; end

  # The texts that are new, each once.
  def fetch
    call = ACCOUNT.merge(type: "ndi", read: true)
    answer = Net::HTTP.post(URL, JSON.generate(call), "Content-Type" => "application/json")
    document = JSON.parse(answer.body)
    raise Failure, document["error"]["message"] if document["error"] # with status 200

    document["items"].map { |item| item["text"] }
  end
end
