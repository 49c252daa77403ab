-- Sends the requests of a file in turn, each byte for byte: wrk -s walk.lua URL -- FILE
-- The file holds each request after a line with its length.
local requests, place = {}, 0

function init(args)
    local file = assert(io.open(args[1], "rb"))
    for length in function() return file:read("*l") end do
        requests[#requests + 1] = file:read(tonumber(length))
    end
    file:close()
end

function request()
    place = place % #requests + 1
    return requests[place]
end
