-- Sends the requests of a file in turn, each byte for byte: wrk -s walk.lua URL -- FILE [MOST]
-- The file holds each request after a line with its length. After MOST requests it ends, whatever the time.
local requests, place, left = {}, 0, math.huge

function init(args)
    local file = assert(io.open(args[1], "rb"))
    for length in function() return file:read("*l") end do
        requests[#requests + 1] = file:read(tonumber(length))
    end
    file:close()
    left = tonumber(args[2]) or math.huge
end

function request()
    place = place % #requests + 1
    left = left - 1
    if left <= 0 then wrk.thread:stop() end
    return requests[place]
end
