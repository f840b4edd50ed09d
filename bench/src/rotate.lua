-- For wrk: GET each of the paths given behind `--` in turn.
local paths
local at = 0

function init(args)
  paths = args
end

function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
