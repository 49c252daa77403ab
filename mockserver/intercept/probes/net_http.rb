require "net/http"

ARGV.each do |address|
  puts Net::HTTP.get(URI(address))
end
