import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { policiesOfSoundStart } from '../../src/compose/sound-start.ts'
import { loadConfig } from '../../src/config/load.ts'
import { systemClock } from '../../src/domain/base/instant.ts'
import type { GateEvent } from '../../src/observe/events.ts'
import { createTlsAuthority } from '../world/network/tls-certificates.ts'

const RULES = 'version: 1\nprojects: [{ match: demo, attestation: optional }]\n'

/** What a start with this configuration says: the policy's digest or the error, and what was told meanwhile. */
async function start(folder: string, configuration: Readonly<Record<string, unknown>>) {
  const file = join(folder, 'portcullis.yaml')
  writeFileSync(file, JSON.stringify({ trust: { root: 'embedded' }, ...configuration }))
  const { config } = loadConfig({ flags: {}, file, environment: {}, folder })
  const told: GateEvent[] = []
  const events = { emit: (event: GateEvent) => void told.push(event) }
  const policies = await policiesOfSoundStart(config, { clock: systemClock, events, environment: {} })
  for (const { policies: loaded } of policies) loaded.close()
  return told
}

t.test('all that keeps a gate from starting is told together, each in a line of its own', async t => {
  const folder = t.testdir({ 'policy.yaml': 'version: 1\nmode: enforced\nprojects: [{ match: demo, deny: 3 }]\n' })
  writeFileSync(join(folder, 'file'), '')
  const wrong = {
    policy: ['policy.yaml'],
    data: 'file/data',
    trust: { root: 'gone.json' },
    upstream: { ca: 'ca.pem' },
  }
  await t.rejects(start(folder, wrong), {
    code: 'config-invalid',
    detail:
      /policy\.yaml:2:7 mode: .*\n.*policy\.yaml:3:\d+ projects\[0\]\.deny: .*\nthe data folder .*ENOTDIR.*\n.*gone\.json.*\nupstream\.ca: .*ca\.pem cannot be read$/,
  })
  await t.rejects(start(folder, { policy: ['policy.yaml'] }), { code: 'policy-invalid', detail: /^[^\n]+\n[^\n]+$/ })
  await t.rejects(start(folder, { policy: ['a.yaml', 'policy.yaml', 'b.yaml'] }), {
    code: 'policy-invalid',
    detail: /a\.yaml: does not exist\n.*b\.yaml: does not exist$/,
  })
})

t.test('a folder that cannot be made is told, also where the system denies that its parent is there', async t => {
  const folder = t.testdir({ 'policy.yaml': RULES })
  for (const data of ['/proc/portcullis', '/proc/portcullis/data'])
    await t.rejects(start(folder, { policy: ['policy.yaml'], data }), { code: 'config-invalid', detail: /ENOENT/ })
  const data = join(folder, 'a/b/c')
  await start(folder, { policy: ['policy.yaml'], data, listen: '127.0.0.1:0' })
  t.equal(statSync(data).isDirectory(), true)
})

t.test(
  'a gate that listens beyond this machine for everybody says so, and one that asks who it is does not',
  async t => {
    const folder = t.testdir({ 'policy.yaml': RULES })
    const doubts = async (more: object): Promise<readonly unknown[]> =>
      (
        await start(folder, {
          policy: ['policy.yaml'],
          public_url: 'https://pypi.acme.example',
          listen: '0.0.0.0:0',
          ...more,
        })
      ).filter(it => it.type === 'config-warning')
    t.match(await doubts({}), [{ detail: /whoever reaches it is served without credentials/ }])
    t.strictSame(await doubts({ access: { anonymous: false } }), [])
    t.strictSame(await doubts({ listen: '127.0.0.1:0' }), [])
  },
)

t.test('a gate that listens beyond this machine without a public_url says so, and what follows', async t => {
  const folder = t.testdir({ 'policy.yaml': RULES })
  const doubts = async (configuration: Readonly<Record<string, unknown>>) =>
    (await start(folder, { policy: ['policy.yaml'], access: { anonymous: false }, ...configuration })).filter(
      it => it.type === 'config-warning',
    )
  t.match(await doubts({ listen: '0.0.0.0:0' }), [{ detail: /beyond this machine, and public_url is not set/ }])
  for (const listen of ['[::]:0', '10.1.2.3:80', 'gate.example:80', '[fd00::1]:80'])
    t.equal((await doubts({ listen })).length, 1, listen)
  for (const listen of ['127.0.0.1:0', '127.8.9.1:0', '[::1]:0', 'localhost:0'])
    t.strictSame(await doubts({ listen }), [], listen)
  t.strictSame(await doubts({ listen: '0.0.0.0:0', public_url: 'https://pypi.acme.example' }), [])
})

t.test('nothing of the start is left behind where it fails', async t => {
  const folder = t.testdir({ 'policy.yaml': RULES })
  mkdirSync(join(folder, 'data'))
  await t.rejects(start(folder, { policy: ['policy.yaml'], trust: { root: 'gone.json' } }), { code: 'config-invalid' })
  rmSync(join(folder, 'data'), { recursive: true })
  await t.resolves(start(folder, { policy: ['policy.yaml'] }))
})

t.test('workloads that are anybody, or nobody to a gate that is offline, are told at the start', async t => {
  const folder = t.testdir({ 'policy.yaml': RULES })
  const rule = { issuer: 'https://ci.example', audience: 'gate', claims: { owner: 'acme' } }
  const doubts = async (changes: object, more: object = {}): Promise<readonly unknown[]> =>
    (
      await start(folder, {
        policy: ['policy.yaml'],
        access: { anonymous: false, workloads: [{ ...rule, ...changes }] },
        ...more,
      })
    ).filter(it => it.type === 'config-warning')
  t.strictSame(await doubts({}), [])
  t.match(await doubts({ claims: {} }), [{ detail: /no claims: everybody whom https:\/\/ci\.example gives a token/ }])
  t.match(await doubts({}, { offline: true }), [{ detail: /the gate is offline: it can ask no issuer/ }])
  await t.rejects(doubts({ ca: 'gone.pem' }), {
    code: 'config-invalid',
    detail: /^access\.workloads ca: .*gone\.pem cannot be read$/,
  })
})

t.test(
  'a console beyond this machine without a certificate says so where packages have one, and one with a front does not',
  async t => {
    const authority = await createTlsAuthority('test')
    const { cert, key } = await authority.issue(['localhost'])
    const folder = t.testdir({ 'policy.yaml': RULES, 'cert.pem': cert, 'key.pem': key })
    const tls = { cert: 'cert.pem', key: 'key.pem' }
    const people = { listen: '0.0.0.0:0', public_url: 'https://console.acme.example' }
    const doubts = async (more: object) =>
      (await start(folder, { policy: ['policy.yaml'], tls, console: people, ...more })).filter(
        it => it.type === 'config-warning',
      )
    t.match(await doubts({}), [
      { detail: /^console\.listen is 0\.0\.0\.0, beyond this machine, and speaks plain HTTP/ },
    ])
    t.strictSame(await doubts({ console: { ...people, tls } }), [])
    t.strictSame(await doubts({ console: { listen: '127.0.0.1:0' } }), [])
    t.strictSame(await doubts({ trust_proxy: ['10.0.0.0/8'] }), [])
  },
)
