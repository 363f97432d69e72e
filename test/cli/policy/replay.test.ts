import t from 'tap'
import { DAY, gateDesk, MALLORY, policyOf, rule } from '../../world/commands/gate-desk.ts'
import type { Published } from '../../world/world.ts'

t.test('replay reports exactly the requests whose outcome changes', async t => {
  const desk_ = await gateDesk(t)
  const { world } = desk_
  const good = await world.release('demo', '1.0')
  const bare = await world.release('bare', '1.0', { attested: false })
  const stranger = await world.release('lab', '1.0', { identity: { ...MALLORY, repository: 'mallory/lab' } })
  const old = policyOf('defaults: { attestation: optional, unmatched: apply-defaults }', 'projects:', rule('demo'))
  const gate = await desk_.gate(old)
  for (const file of [good.wheel, good.wheel, bare.sdist, stranger.wheel]) t.equal(await desk_.ask(gate, file), 200)
  await gate.stop()

  const same = desk_.write('same.yaml', old)
  t.match(await desk_.run('policy', 'replay', '--policy', same), {
    exit: 0,
    out: /0 files would be refused that passed/,
  })
  const strict = desk_.write('strict.yaml', policyOf('projects:', rule('demo'), rule('bare'), rule('lab')))
  const replayed = await desk_.run('policy', 'replay', '--policy', strict, '--format', 'json')
  t.equal(replayed.exit, 1)
  const { requests, changed, untold } = JSON.parse(replayed.out)
  t.equal(requests, 4)
  t.strictSame(untold, [])
  t.match(changed, [
    {
      filename: bare.sdist.filename,
      from: { outcome: 'admitted', code: 'optional' },
      to: { outcome: 'refused', code: 'unattested' },
    },
    {
      filename: stranger.wheel.filename,
      from: { outcome: 'admitted', code: 'attestation' },
      to: { outcome: 'refused', code: 'publisher-mismatch' },
      requests: 1,
      clients: 1,
    },
  ])
  t.equal(changed.length, 2)
  t.match(
    (await desk_.run('policy', 'replay', '--policy', strict, '--since', '1d')).out,
    /✗ bare-1\.0\.tar\.gz: was admitted \(optional\), would be refused \(unattested\)/,
  )
})

t.test('the policy that was in force changes nothing, whatever it went by', async t => {
  const desk_ = await gateDesk(t)
  const { world, clock } = desk_
  const uploaded = (days: number) => new Date(clock.now - days * DAY).toISOString()
  const first = await world.release('ratchet', '1.0', { attested: false })
  const exempt = await world.release('six', '1.0', { attested: false })
  const young = await world.release('young', '1.0', { listed: { uploadTime: uploaded(1) } })
  const policy = policyOf(
    'projects:',
    '  - { match: ratchet, attestation: when-seen, identity: first-seen }',
    '  - { match: six }',
    rule('young', ', cooldown: { min_age: 2d }'),
    'exemptions:',
    `  - { id: EX-1, project: six, waive: [attestation], files: { "${exempt.sdist.filename}": "sha256:${exempt.sdist.sha256}" }, reason: r, owner: o, expires: ${new Date(clock.now + DAY).toISOString()} }`,
  )
  let gate = await desk_.gate(policy)
  const outcomes: number[] = []
  const ask = async (file: Published) => void outcomes.push(await desk_.ask(gate, file))
  await ask(first.sdist) // nothing was seen attested
  await ask(exempt.sdist)
  await ask(young.wheel) // a day too young
  clock.now += 2 * DAY + 3_600_000 // the age counts from the signature, and signing took its time
  const attested = await world.release('ratchet', '1.0.1')
  await ask(attested.wheel)
  await ask(first.sdist) // now it is a loss
  await ask(exempt.sdist) // the exemption has ended
  await ask(young.wheel)
  const changed = await world.release('ratchet', '1.0.2', { identity: { ...MALLORY, repository: 'mallory/ratchet' } })
  clock.now += 2 * DAY
  await ask(changed.wheel)
  await gate.stop()
  t.strictSame(outcomes, [200, 200, 403, 200, 403, 403, 200, 403])

  gate = await desk_.gate(policy)
  await gate.stop()
  const same = desk_.write('same.yaml', policy)
  const { exit, out } = await desk_.run('policy', 'replay', '--policy', same, '--since', '30d')
  t.match(
    out,
    /8 requests replayed\n {2}0 files would be refused that passed \(0 requests\)\n {2}0 files would pass that were refused/,
  )
  t.equal(exit, 0)
  const now = await desk_.run('policy', 'replay', '--policy', same, '--at', 'now')
  t.match(
    now,
    { exit: 1, out: /✗ ratchet-1\.0\.tar\.gz: was admitted \(optional\), would be refused \(provenance-lost\)/ },
    'as of now, it is another question',
  )
})

t.test('what was refused without a look is told apart', async t => {
  const desk_ = await gateDesk(t)
  const { wheel } = await desk_.world.release('demo', '1.0')
  const gate = await desk_.gate(policyOf('projects: [{ match: other, deny: no }]'))
  t.equal(await desk_.ask(gate, wheel), 403)
  await gate.stop()
  const fresh = desk_.write('new.yaml', policyOf('projects:', rule('demo')))
  t.match(await desk_.run('policy', 'replay', '--policy', fresh), {
    exit: 0,
    out: /cannot be determined(?:.|\n)*demo-1\.0-py3-none-any\.whl: was no-rule, 1 request by 1 client/,
  })
})

t.test('a policy in audit mode is replayed as what it would have refused', async t => {
  const desk_ = await gateDesk(t)
  const { sdist } = await desk_.world.release('demo', '1.0', { attested: false })
  const watching = policyOf('mode: audit', 'projects:', rule('demo'))
  const gate = await desk_.gate(watching)
  t.equal(await desk_.ask(gate, sdist), 200)
  await gate.stop()
  const enforced = desk_.write('new.yaml', watching.replace('audit', 'enforce'))
  t.match(await desk_.run('policy', 'replay', '--policy', enforced), {
    exit: 1,
    out: /was admitted \(audit:unattested\), would be refused \(unattested\)/,
  })
})

t.test('of several indexes what one of them was asked is decided again', async t => {
  const at = (path: string) => ({ path, sources: ['upstream'] })
  const desk_ = await gateDesk(t, { indexes: { main: at('/'), ml: at('/ml') } })
  const { wheel } = await desk_.world.release('bare', '1.0', { attested: false })
  const gate = await desk_.gate(policyOf('defaults: { attestation: optional, unmatched: apply-defaults }'))
  for (const path of [wheel.path, `/ml${wheel.path}`, `/ml${wheel.path}?again`])
    t.equal(await desk_.ask(gate, { path }), 200)
  await gate.stop()
  const strict = desk_.write('strict.yaml', policyOf('projects:', rule('bare')))
  const replayed = async (...words: readonly string[]) => {
    const { out } = await desk_.run('policy', 'replay', '--policy', strict, '--format', 'json', ...words)
    return JSON.parse(out).requests
  }
  t.strictSame([await replayed(), await replayed('--index', 'main'), await replayed('--index', 'ml')], [1, 1, 2])
  t.match(await desk_.run('policy', 'replay', '--policy', strict, '--index', 'no'), { exit: 2, err: /main, ml/ })
  t.match(await desk_.run('policy', 'diff', strict, strict, '--index', 'no'), { exit: 2, err: /main, ml/ })
})
