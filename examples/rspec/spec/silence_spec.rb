require "inbox"
require "spec_helper"

# parallel_rspec runs this file beside inbox_spec.rb, in which orders come in.
RSpec.describe Inbox, "when nobody has ordered" do
  it "reads nothing" do
    subject.fetch

    expect(subject.fetch).to eq([])
  end
end
