import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'

const CHECKOUT = new URL('../../../', import.meta.url)
const COMMAND = new URL('bin/portcullis', CHECKOUT).pathname

const NAMED = '--config=a-requirements.txt'
const folder = t.testdir({ [NAMED]: 'data: [\n', 'requirements.txt': '' })

const run = (...argv: readonly string[]) =>
  new Promise<{ exit: number; told: string }>(resolve => {
    execFile(COMMAND, argv, { cwd: folder }, (error, out, err) =>
      resolve({ exit: error === null ? 0 : Number(error.code), told: out + err }),
    )
  })

t.test('a file that is called like an option is none, and after -- it is a file', async t => {
  t.match(await run('audit', 'requirements.txt', NAMED), {
    exit: 2,
    told: /something here is called so: put -- before names of files/,
  })
  t.match(await run('audit', '--all', '--', NAMED), { exit: 2, told: /--config=a-requirements\.txt:1/ })
})

t.test('the hooks that are given names of files say where they begin', async t => {
  const hooks: readonly { id: string; entry: string; args?: readonly string[]; pass_filenames?: boolean }[] = parse(
    readFileSync(new URL('.pre-commit-hooks.yaml', CHECKOUT), 'utf8'),
  )
  const given = hooks.filter(hook => hook.pass_filenames !== false)
  t.match(given, [{ id: 'portcullis-report' }, { id: 'portcullis-audit' }])
  for (const { id, args = [] } of given) t.equal(args.at(-1), '--', id)
  // as pre-commit calls it
  const [, ...words] = given[1]?.entry.split(' ') ?? []
  t.match(await run(...words, ...(given[1]?.args ?? []), NAMED), { exit: 2, told: /--config=a-requirements\.txt:1/ })
})
