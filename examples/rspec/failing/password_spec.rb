require "inbox"
require "spec_helper"

RSpec.describe Inbox do
  it "reads an account whose password was changed" do
    stub_const("Inbox::ACCOUNT", { username: "Login", password: "haslo" })

    expect(subject.fetch).to eq([])
  end
end
