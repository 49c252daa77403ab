# Each example begins with the mock server as it was when it started; each worker has a server of its own.
require "json"
require "net/http"

module MockServer
  SERVER = URI(ENV.fetch("MOCKSERVER_URL"))
  WORLD = "/_mock/worlds/default"

  # Ask the control API: JSON, or a text.
  def self.ask(method, path, body = {})
    request = Net::HTTPGenericRequest.new(method, true, true, WORLD + path, "Content-Type" => "application/json")
    answer = Net::HTTP.start(SERVER.host, SERVER.port) { |http| http.request(request, JSON.generate(body)) }
    raise answer.body unless answer.is_a?(Net::HTTPSuccess)

    answer.content_type == "application/json" ? JSON.parse(answer.body) : answer.body
  end

  # A customer sends an SMS.
  def receive(sender, text)
    message = { kind: "ndi", sender: sender, recipient: "+48664078059", text: text }
    MockServer.ask("POST", "/inbound", provider: "serwersms", account: "documents", **message)
  end
end

RSpec.configure do |config|
  config.include MockServer
  config.before do
    MockServer.ask("POST", "/reset", freeze: "2026-06-01T12:00:00Z")
    MockServer.ask("DELETE", "/journal")
  end
  config.after { |example| warn "\n#{MockServer.ask('GET', '/report')}" if example.exception }
end
