require "inbox"
require "spec_helper"

RSpec.describe Inbox do
  before { subject.fetch } # what the world began with

  it "reads each order once" do
    receive("+48500111222", "2 tickets")

    expect([subject.fetch, subject.fetch]).to eq([["2 tickets"], []])
  end

  it "tells a failure of the provider, and loses no order" do
    receive("+48500111222", "2 tickets")
    MockServer.ask("POST", "/faults", fault: { kind: "provider_error", name: "SystemUnavailable" }, when: { first: 1 })

    expect { subject.fetch }.to raise_error(Inbox::Failure, "System temporarily unavailable")
    expect(subject.fetch).to eq(["2 tickets"])
  end
end
