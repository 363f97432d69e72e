import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { readSummarySigner, signSummary } from '../../../src/protocol/attest/summary.ts'
import { runCommand } from '../../world/commands/commands.ts'
import { jsonLines } from '../../world/commands/desk.ts'

const FILE = 'demo-1.0-py3-none-any.whl'
const BYTES = 'the bytes of a wheel'
const POLICY = sha256Of('policy')
const VERIFIER = 'https://gate.example'

/** A folder with a file, its summary, the key and another key; nothing else, and no network is configured. */
function scene(t: Test, { agoMs = 0 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-vsa-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const put = (name: string, bytes: string | Buffer): string => {
    writeFileSync(join(folder, name), bytes)
    return name
  }
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer = readSummarySigner(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  if (signer === undefined) throw new TypeError('a key that was just made')
  const summary = signSummary(
    {
      filename: FILE,
      sha256: sha256Of(BYTES),
      resourceUri: `pkg:pypi/demo@1.0?file_name=${FILE}`,
      verifier: { id: VERIFIER, version: '1' },
      timeVerified: instant(Date.now() - agoMs),
      policy: { uri: 'urn:portcullis:policy:main', sha256: POLICY },
      inputs: [],
      levels: ['SLSA_BUILD_LEVEL_UNEVALUATED'],
    },
    signer,
  )
  put(FILE, BYTES)
  put('vsa', summary)
  put('key.pem', pair.publicKey.export({ type: 'spki', format: 'pem' }))
  // what is there by such a name is meant: commands run in this process, whose folder is another one
  const placed = (name: string): string => (existsSync(join(folder, name)) ? join(folder, name) : name)
  const verify = (...argv: readonly string[]) =>
    runCommand(['verify', ...argv.map(placed)], { folder, environment: {} })
  const held = (...more: readonly string[]) => verify(FILE, '--vsa', 'vsa', '--vsa-key', 'key.pem', ...more)
  return { folder, put, summary, verify, held }
}

t.test('a file that a gate vouched for is admitted with exit 0, and nobody is asked', async t => {
  const { held } = scene(t)
  const { exit, out, err } = await held()
  t.equal(exit, 0)
  t.equal(err, '')
  t.match(out, `✓ ${FILE}: vouched for by ${VERIFIER}\n`)
  t.match(out, POLICY)
  const json = await held('--format', 'json', '--policy-digest', POLICY, '--verifier-id', VERIFIER, '--max-age', '1h')
  t.equal(json.exit, 0)
  t.match(jsonLines(json.out), [
    {
      filename: FILE,
      sha256: sha256Of(BYTES),
      outcome: 'admitted',
      verifier: VERIFIER,
      policy_digest: POLICY,
      levels: ['SLSA_BUILD_LEVEL_UNEVALUATED'],
      detail: null,
    },
  ])
})

t.test('anything that is another one is exit 1, and is named', async t => {
  const { put, summary, verify, held } = scene(t)
  const key = ['--vsa-key', 'key.pem']
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  put('other.pem', other.export({ type: 'spki', format: 'pem' }))
  const flipped = Buffer.from(summary)
  flipped.writeUInt8(flipped.readUInt8(30) ^ 1, 30)
  for (const name of ['demo-1.1-py3-none-any.whl', 'renamed']) put(name, BYTES)
  const cases: readonly (readonly [ended: Promise<{ exit: number; out: string }>, said: RegExp])[] = [
    [verify('demo-1.1-py3-none-any.whl', '--vsa', 'vsa', ...key), /it is about demo-1\.0-py3-none-any\.whl, not/],
    [verify('renamed', '--vsa', 'vsa', ...key), /not about renamed/],
    [verify(FILE, '--vsa', put('flipped', flipped), ...key), /signature|envelope/],
    [verify(FILE, '--vsa', put('cut', summary.subarray(0, 100)), ...key), /no DSSE\s+envelope/],
    [verify(FILE, '--vsa', put('long', `${' '.repeat(70_000)}${summary.toString()}`), ...key), /no DSSE\s+envelope/],
    [verify(FILE, '--vsa', put('empty', ''), ...key), /no DSSE\s+envelope/],
    [verify(FILE, '--vsa', 'vsa', '--vsa-key', 'other.pem'), /signed with the key/],
    [held('--policy-digest', sha256Of('x')), /under the policy/],
    [held('--verifier-id', 'https://other.example'), /made by https:\/\/gate\.example/],
    [scene(t, { agoMs: 7_200_000 }).held('--max-age', '1h'), /too long ago/],
    [scene(t, { agoMs: -7_200_000 }).held(), /yet to come/],
  ]
  for (const [ending, said] of cases) {
    const { exit, out } = await ending
    t.equal(exit, 1, String(said))
    t.match(out.replace(/\n */g, ' '), said)
  }
  put(FILE, `${BYTES}.`)
  const { exit, out } = await held('--format', 'json')
  t.equal(exit, 1)
  t.match(jsonLines(out), [{ outcome: 'refused', verifier: null, levels: null, detail: /has/ }])
})

t.test('what cannot be read, and what says nothing together, is exit 2', async t => {
  const { folder, put, verify, held } = scene(t)
  mkdirSync(join(folder, 'folder'))
  put('no.pem', 'no key')
  const cases: readonly (readonly string[])[] = [
    ['absent.whl', '--vsa', 'vsa', '--vsa-key', 'key.pem'],
    ['folder', '--vsa', 'vsa', '--vsa-key', 'key.pem'],
    [FILE, '--vsa', 'absent', '--vsa-key', 'key.pem'],
    [FILE, '--vsa', 'vsa', '--vsa-key', 'absent'],
    [FILE, '--vsa', 'vsa', '--vsa-key', 'no.pem'],
    [FILE, '--vsa', 'vsa'],
    [FILE, '--vsa-key', 'key.pem'],
    [FILE, '--max-age', '1h'],
  ]
  for (const argv of cases) t.equal((await verify(...argv)).exit, 2, argv.join(' '))
  for (const more of [
    ['--provenance', 'vsa'],
    ['--policy', 'p.yaml'],
    ['--index', 'ml'],
    ['--policy-digest', 'x'],
  ])
    t.equal((await held(...more)).exit, 2, more.join(' '))
})
