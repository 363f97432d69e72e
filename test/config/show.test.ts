import { Command } from 'commander'
import t, { type Test } from 'tap'
import { addConfigCommand } from '../../src/cli/operate/config.ts'
import { type Input, load, SECRET } from './loaded-config.ts'

/** What `config show` prints. */
async function show(t: Test, argv: readonly string[], yaml: string, environment: Input['environment'] = {}) {
  let printed = ''
  const program = new Command('portcullis').option('--config <file>').exitOverride()
  addConfigCommand(program, {
    output: {
      out: text => {
        printed += text
      },
      err() {},
      colour: { out: false, err: false },
      columns: undefined,
      progress: false,
    },
    loadConfig: async ({ config }) =>
      load(t, yaml, { environment, file: typeof config === 'string' ? config : undefined }),
  })
  await program.parseAsync(['config', 'show', ...argv], { from: 'user' })
  return printed
}

t.test('config show prints YAML that loads as the same configuration', async t => {
  const yaml =
    'listen: "[::1]:0"\nindex: { internal: ["*"], max_age: 90s }\nfiles: { spool: 1 }\npolicy: ["#odd name.yaml"]\n'
  const printed = await show(t, [], yaml)
  t.strictSame(load(t, printed).config, load(t, yaml).config)
  t.match(printed, /^ {2}max_age: 90s$/m)
  t.match(printed, /^# public_url is not set$/m)
})

t.test('config show --origin says where each value comes from', async t => {
  const printed = await show(t, ['--origin'], 'index:\n  mode: hide\n', { PORTCULLIS_LOG_LEVEL: 'warn' })
  t.match(printed, /^ {2}mode: hide +# portcullis\.yaml:2:3$/m)
  t.match(printed, /^ {2}level: warn +# PORTCULLIS_LOG_LEVEL$/m)
  t.match(printed, /^listen: 127\.0\.0\.1:8080 +# default$/m)
  t.equal(load(t, printed).config.index.mode, 'hide', 'and it is still YAML')
})

t.test('config show --format json holds every key, with origins when asked', async t => {
  const config: unknown = JSON.parse(await show(t, ['--format', 'json'], 'index: { mode: hide }\n'))
  t.match(config, { public_url: null, index: { mode: 'hide', max_age: '1m' }, upstream: { ca: null, auth: {} } })
  const told: unknown = JSON.parse(await show(t, ['--format', 'json', '--origin'], 'index: { mode: hide }\n'))
  t.match(told, {
    config: { index: { mode: 'hide' } },
    origins: { 'index.mode': 'portcullis.yaml:1:10', listen: 'default' },
  })
})

t.test('config show masks credentials in both formats', async t => {
  const yaml = `upstream: { auth: { "https://a.example": { username: ${SECRET}, password: ${SECRET} }, "https://b.example": { token: ${SECRET} } } }\n`
  for (const argv of [[], ['--origin'], ['--format', 'json'], ['--format', 'json', '--origin']]) {
    const printed = await show(t, argv, yaml)
    t.notMatch(printed, SECRET)
    t.match(printed, /https:\/\/a\.example/)
    t.match(printed, /\*\*\*/)
  }
})

t.test('config show of a wrong configuration is the same error that stops the start', async t => {
  await t.rejects(show(t, [], 'lisen: x\n'), {
    code: 'config-invalid',
    detail: /portcullis\.yaml:1:1 lisen: unknown key/,
  })
})
