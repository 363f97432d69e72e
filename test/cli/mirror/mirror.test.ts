// guards: src/cli/mirror/export.ts src/cli/mirror/fetch.ts src/cli/mirror/import.ts src/cli/mirror/keygen.ts
// guards: src/cli/mirror/request.ts src/cli/mirror/verify.ts
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createCrossing, must, prepareCrossing } from '../../world/mirror/crossing.ts'

t.setTimeout(900_000)

t.test('a key pair', async t => {
  const crossing = await createCrossing(t)
  await t.test('signs with what only its owner may read', async t => {
    t.equal(statSync(crossing.key).mode & 0o777, 0o600)
    t.match(readFileSync(crossing.key, 'utf8'), /^-----BEGIN PRIVATE KEY-----/)
    t.match(readFileSync(crossing.signer, 'utf8'), /^-----BEGIN PUBLIC KEY-----/)
  })
  await t.test('is never made over another', async t => {
    const before = readFileSync(crossing.key, 'utf8')
    const ended = await crossing.outside('mirror', 'keygen', '--out', join(crossing.world.folder, 'keys'))
    t.equal(ended.exit, 2)
    t.match(ended.err, /mirror\.key exists/)
    t.equal(readFileSync(crossing.key, 'utf8'), before)
  })
  await t.test('is asked for by what it is', async t => {
    const out = crossing.carried('nothing')
    for (const key of [crossing.signer, join(crossing.places.outside, 'portcullis.yaml')]) {
      const ended = await crossing.outside('mirror', 'export', '--out', out, '--key', key)
      t.equal(ended.exit, 2)
      t.match(ended.err, /is no ed25519 private key/)
    }
    t.equal((await crossing.outside('mirror', 'export', '--out', out, '--key', 'nowhere.key')).exit, 2)
    t.notOk(existsSync(out), 'and nothing is written before')
  })
  await t.test('signs only what fits together', async t => {
    const with_ = ['--out', crossing.carried('nothing'), '--key', crossing.key]
    const wrong = [
      [['--since', join(crossing.places.outside, 'portcullis.yaml')], /is not one/],
      [['--since', 'nowhere.json'], /cannot be read/],
      [['--since', 'x', '--layout', 'pep503'], /belongs to bundles/],
      [['--url', 'https://a.example'], /belongs to --layout pep503/],
      [['--max-part', 'much'], /must be a size/],
    ] as const
    for (const [flags, said] of wrong) {
      const ended = await crossing.outside('mirror', 'export', ...with_, ...flags)
      t.equal(ended.exit, 2, flags.join(' '))
      t.match(ended.err, said)
    }
  })
})

t.test('a mirror that holds nothing', async t => {
  const crossing = await prepareCrossing(t)
  t.equal((await crossing.inside('mirror', 'request', '--out', join(crossing.places.inside, 'r.json'))).exit, 2)
  const verified = must(await crossing.inside('mirror', 'verify'), 0)
  t.match(verified.out, /^0 files, 0 B held\n/)
  must(await crossing.outside('mirror', 'export', '--out', crossing.carried('empty'), '--key', crossing.key), 0)
  must(await crossing.inside('mirror', 'import', crossing.carried('empty'), '--signer', crossing.signer), 0)
  const gate = await crossing.serve()
  t.equal((await gate.get('/simple/')).status, 200)
  t.equal((await gate.get('/readyz')).status, 200)
  await gate.stop()
})

t.test('nothing is fetched where the configuration says offline', async t => {
  const crossing = await prepareCrossing(t)
  const plan = join(crossing.places.inside, 'plan.json')
  writeFileSync(plan, '{"format":"portcullis-plan/1","locks":[],"python":[],"platform":[],"files":[],"wanted":[]}')
  const ended = await crossing.inside('mirror', 'fetch', plan)
  t.equal(ended.exit, 2)
  t.match(ended.err, /says offline/)
})
