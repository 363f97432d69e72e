import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { runCommand } from '../../world/commands/commands.ts'

function folderWith(t: Test, configuration: string): string {
  const folder = t.testdir({})
  writeFileSync(join(folder, 'portcullis.yaml'), configuration)
  return folder
}

t.test('config show prints what is in force, as YAML that is read again', async t => {
  const folder = folderWith(t, 'index: { mode: hide }\n')
  const { exit, out, err } = await runCommand(['config', 'show'], { folder })
  t.match({ exit, err }, { exit: 0, err: '' })
  t.match(parse(out), { index: { mode: 'hide' } })
  writeFileSync(join(folder, 'portcullis.yaml'), out)
  t.equal((await runCommand(['config', 'show'], { folder })).out, out, 'and says the same then')
})

t.test('with --origin each value says where it comes from', async t => {
  const folder = folderWith(t, 'index: { mode: hide }\n')
  const environment = { PORTCULLIS_INDEX_MAX_AGE: '5s' }
  const { out } = await runCommand(['config', 'show', '--origin'], { folder, environment })
  t.match(out, /mode: hide +# \S*portcullis\.yaml:1:\d+\n/)
  t.match(out, /max_age: .* +# PORTCULLIS_INDEX_MAX_AGE\n/)
  t.match(out, /max_stale: .* +# default\n/)
  const json = JSON.parse((await runCommand(['config', 'show', '--origin', '--format', 'json'], { folder })).out)
  t.match([json.config.index.mode, json.origins['index.mode']], ['hide', /portcullis\.yaml:1/])
})

t.test('a configuration that no gate would start with is exit 2, with everything that is wrong', async t =>
  t.match(await runCommand(['config', 'show'], { folder: folderWith(t, 'index: { mode: maybe }\nodd: 1\n') }), {
    exit: 2,
    out: '',
    err: /portcullis\.yaml:1:\d+ (?:.|\n)*portcullis\.yaml:2:1 /,
  }),
)
