// guards: src/cli/mirror/export.ts src/cli/mirror/fetch.ts src/cli/mirror/import.ts src/cli/mirror/keygen.ts
// guards: src/cli/mirror/request.ts src/cli/mirror/verify.ts
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { runCommand } from '../../world/commands/commands.ts'
import { jsonLines } from '../../world/commands/desk.ts'
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
      [['--since', 'nowhere.json'], /does not exist/],
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
  t.match(await crossing.inside('mirror', 'verify'), { exit: 2, err: /there is no folder / })
  const exporting = ['mirror', 'export', '--out', crossing.carried('empty'), '--key', crossing.key]
  t.match(await crossing.outside(...exporting), { exit: 2, err: /there is no folder / })
  const plan = join(crossing.places.outside, 'plan.json')
  writeFileSync(plan, '{"format":"portcullis-plan/1","locks":[],"python":[],"platform":[],"files":[],"wanted":[]}')
  must(await crossing.outside('mirror', 'fetch', plan), 0)
  must(await crossing.outside(...exporting), 0)
  must(await crossing.inside('mirror', 'import', crossing.carried('empty'), '--signer', crossing.signer), 0)
  // of nothing, nothing is proved
  t.match(await crossing.inside('mirror', 'verify'), {
    exit: 1,
    out: /^nothing is held here, so nothing is proved\n0 files, 0 B held\n/,
  })
  const gate = await crossing.serve()
  t.equal((await gate.get('/simple/')).status, 200)
  t.equal((await gate.get('/readyz')).status, 200)
  await gate.stop()
})

/** A mirror that holds one wheel, which was carried there. */
async function carriedOver(t: Test) {
  const crossing = await createCrossing(t)
  const { files } = await crossing.world.release('demo', '1.0', { kinds: ['wheel'] })
  crossing.world.writePolicy()
  crossing.setPolicy()
  must(await crossing.fetch(files), 0)
  must(await crossing.inside('mirror', 'import', await crossing.export('one'), '--signer', crossing.signer), 0)
  return { crossing, files }
}

t.test('each line of a proof says by itself when, under which policy and under which root', async t => {
  const { crossing, files } = await carriedOver(t)
  const [line] = jsonLines((await crossing.inside('mirror', 'verify', '--format', 'json')).out)
  t.match(line, {
    outcome: 'admitted',
    sha256: files[0]?.sha256,
    verified_at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/,
    policy: /^[0-9a-f]{64}$/,
    trust_root: /^[0-9a-f]{64}$/,
  })
  const { out } = await crossing.inside('mirror', 'verify')
  t.match(out, `under the policy ${String(line?.['policy'])}`)
  t.match(out, `the root ${String(line?.['trust_root'])}`)
})

t.test('nothing is fetched where the configuration says offline', async t => {
  const crossing = await prepareCrossing(t)
  const plan = join(crossing.places.inside, 'plan.json')
  writeFileSync(plan, '{"format":"portcullis-plan/1","locks":[],"python":[],"platform":[],"files":[],"wanted":[]}')
  const ended = await crossing.inside('mirror', 'fetch', plan)
  t.equal(ended.exit, 2)
  t.match(ended.err, /says offline/)
})

t.test('whether a lock is whole on a mirror is told by audit against its gate', async t => {
  const { crossing, files } = await carriedOver(t)
  const gate = await crossing.serve()
  const lock = join(crossing.places.inside, 'demo.txt')
  const [wheel] = files
  writeFileSync(lock, `demo==1.0 --hash=sha256:${wheel?.sha256}\n`)
  t.match(await (await gate.get('/simple/demo/')).text(), wheel?.sha256 ?? 'x')
  const audit = async (integrity: Readonly<Record<string, string>>) =>
    await runCommand(['audit', lock], {
      folder: crossing.places.inside,
      environment: {
        PORTCULLIS_OFFLINE: 'false',
        PORTCULLIS_UPSTREAM_INDEX: gate.url,
        PORTCULLIS_UPSTREAM_FILES: gate.url,
        ...integrity,
      },
    })
  t.match(await audit({ PORTCULLIS_UPSTREAM_INTEGRITY: gate.url }), { exit: 0, out: /attested +1 of 1/ })
  writeFileSync(lock, 'demo==1.1\n')
  t.not((await audit({ PORTCULLIS_UPSTREAM_INTEGRITY: gate.url })).exit, 0, 'what was not carried is not there')
  await gate.stop()
})
