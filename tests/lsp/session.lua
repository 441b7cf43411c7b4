-- What a person does in Neovim, without hands: open a file, read the diagnostics, ask, mend, save.
-- Arguments come in the environment: GOTCHA_COMMAND (JSON list), GOTCHA_FILE. One JSON object a line goes to standard output.

local function tell(kind, value)
  io.stdout:write(vim.json.encode({ kind = kind, value = value }) .. "\n")
end

local function until_true(condition)
  if not vim.wait(60000, condition, 50) then
    tell("timeout", debug.traceback())
    vim.cmd("cquit")
  end
end

local function shown()
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(0)) do
    table.insert(found, { line = one.lnum, column = one.col, end_column = one.end_col, severity = one.severity,
      message = one.message, source = one.source, code = one.user_data.lsp.code })
  end
  return found
end

local function names(check)
  for _, one in ipairs(shown()) do
    if one.code == check then return true end
  end
  return false
end

local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(0, method, params, 60000)
  for _, answer in pairs(answers or {}) do
    return answer.result
  end
end

vim.lsp.handlers["window/showMessage"] = function(_, result) tell("message", result.message) end

local function session()
  local root = vim.fn.getcwd()
  vim.cmd("edit " .. vim.fn.fnameescape(vim.env.GOTCHA_FILE))
  local client = vim.lsp.start_client({
    name = "gotcha-audit",
    cmd = vim.json.decode(vim.env.GOTCHA_COMMAND),
    root_dir = root,
  })
  vim.lsp.buf_attach_client(0, client)

  until_true(function() return #shown() > 0 end)
  tell("opened", shown())

  local first = vim.diagnostic.get(0)[1]
  local check = shown()[1].code
  vim.api.nvim_win_set_cursor(0, { first.lnum + 1, first.col })
  local hover = ask("textDocument/hover", vim.lsp.util.make_position_params())
  tell("hover", hover.contents.value)

  local params = vim.lsp.util.make_range_params()
  params.context = { diagnostics = vim.lsp.diagnostic.get_line_diagnostics() }  -- as vim.lsp.buf.code_action does
  local actions = ask("textDocument/codeAction", params)
  local titles = {}
  for _, action in ipairs(actions) do table.insert(titles, action.title) end
  tell("actions", titles)

  for _, action in ipairs(actions) do
    if action.command then
      ask("workspace/executeCommand", action.command)
    end
  end

  vim.lsp.util.apply_workspace_edit(actions[1].edit, "utf-16")
  vim.api.nvim_buf_set_lines(0, 0, 0, false, { "import os" })
  until_true(function() return not names(check) end)
  tell("mended", vim.api.nvim_buf_get_lines(0, 0, -1, false))

  vim.cmd("silent earlier 1f")
  until_true(function() return names(check) end)
  vim.cmd("silent write")
  tell("undone", shown())

  vim.lsp.stop_client(client)
  until_true(function() return vim.lsp.client_is_stopped(client) end)
end

local done, problem = pcall(session)
if not done then tell("error", problem) end
vim.cmd(done and "quitall!" or "cquit")
