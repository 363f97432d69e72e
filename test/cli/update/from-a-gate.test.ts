// guards: src/cli/update/offers-for.ts
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type GateDesk, gateDesk, MALLORY, policyOf, rule } from '../../world/commands/gate-desk.ts'
import type { Published } from '../../world/world.ts'

const STRICT = 'defaults: { attestation: required, unmatched: deny }'

/** What a client reads on the page of the refusal. */
async function refusalOf(url: string, { path }: Published): Promise<string> {
  const { explain } = (await (await fetch(`${url}${path}`)).json()) as { readonly explain: string }
  return explain
}

function desk(desk_: GateDesk, policy: string) {
  const path = desk_.write('acme.yaml', policy)
  return {
    path,
    update: (...more: readonly string[]) => desk_.run('policy', 'update', '--policy', path, ...more),
    text: () => readFileSync(path, 'utf8'),
  }
}

t.test('a refusal becomes what is offered for it: exactly that file passes', async t => {
  const desk_ = await gateDesk(t)
  const { world } = desk_
  const { sdist, wheel } = await world.release('bare', '1.0', { attested: false })
  const stranger = await world.release('odd', '1.0', { attested: false, kinds: ['wheel'] })
  const policy = policyOf(STRICT, 'projects:', rule('demo'), '')
  const { update, text, path } = desk(desk_, policy)
  let gate = await desk_.gate(policy)
  const [url, other] = [await refusalOf(gate.url, sdist), await refusalOf(gate.url, stranger.wheel)]
  await gate.stop()
  t.match(await update('--refusal', url, '--check'), {
    exit: 1,
    err: '',
    out: /bare 1\.0 {2}1 file, .*never seen attested\n/,
  })
  t.equal(text(), policy, '--check writes nothing')
  const id = other.slice(other.lastIndexOf('/') + 1)
  t.equal((await update('--refusal', url, '--refusal', id, '--owner', 'ann@acme.example')).exit, 0)
  t.match(
    await update('--refusal', url, '--refusal', id),
    { exit: 0, out: /nothing changes/ },
    'and a second time nothing',
  )
  t.match(text(), /owner: ann@acme\.example\n/)
  t.equal((await desk_.run('policy', 'check', path)).exit, 0)
  gate = await desk_.gate(text())
  t.strictSame(
    [await desk_.ask(gate, sdist), await desk_.ask(gate, stranger.wheel), await desk_.ask(gate, wheel)],
    [200, 200, 403],
  )
  await gate.stop()
})

t.test('a refusal of what somebody else signed tells who that is, first of all', async t => {
  const desk_ = await gateDesk(t)
  const { world } = desk_
  const signed = { kinds: ['wheel'], identity: MALLORY } as const
  const { wheel } = await world.release('demo', '1.0', signed)
  const { wheel: unruled } = await world.release('odd', '1.0', signed)
  const policy = policyOf(STRICT, 'projects:', rule('demo'), '')
  const { update, text } = desk(desk_, policy)
  const gate = await desk_.gate(policy)
  const refusals = ['--refusal', await refusalOf(gate.url, wheel), '--refusal', await refusalOf(gate.url, unruled)]
  await gate.stop()
  const planned = await update(...refusals, '--dry-run', '--format', 'json')
  t.match(JSON.parse(planned.out), {
    releases: [
      { project: 'demo', signed_by: ['github mallory/demo release.yml'], attested_before: true },
      { project: 'odd', signed_by: ['github mallory/demo release.yml'], attested_before: true },
    ],
    rules: ['odd'],
  })
  const { exit, out } = await update(...refusals)
  t.equal(exit, 0)
  t.match(
    out,
    /^Other publishers than so far \(1\)\n {2}! demo 1\.0 is signed by github mallory\/demo release\.yml; the rule expects github acme\/demo\nSigned by somebody whom no rule names \(1\)\n {2}! odd 1\.0 is signed by github mallory\/demo release\.yml\n/,
  )
  t.notMatch(out, /never seen attested/)
  t.match(out, /New rules that name nobody \(1\)\n {2}\+ odd\n/)
  t.match(text(), /- \{ match: odd, /, 'and that is what was written')
})

t.test('a refusal that nothing overcomes is told, and one that nobody keeps is usage', async t => {
  const desk_ = await gateDesk(t)
  const { wheel } = await desk_.world.release('demo', '1.0', { kinds: ['wheel'], tamper: 'content' })
  const policy = policyOf('projects:', rule('demo'), '')
  const { update, text } = desk(desk_, policy)
  const gate = await desk_.gate(policy)
  const url = await refusalOf(gate.url, wheel)
  await gate.stop()
  t.match(await update('--refusal', url), { exit: 1, out: /✗ demo-1\.0.*digest-mismatch(?:.|\n)*nothing changes/ })
  t.match(await update('--refusal', '000000000000'), { exit: 2, err: /keeps no refusal 000000000000/ })
  t.match(await update(), { exit: 2, err: /name a lock file, a refusal/ })
  t.equal(text(), policy)
})

t.test('what a policy that only watches let pass comes in from the journal, with how often it was taken', async t => {
  const desk_ = await gateDesk(t)
  const { world, clock } = desk_
  const good = await world.release('demo', '1.0', { kinds: ['wheel'] })
  const bare = await world.release('bare', '1.0', { attested: false, kinds: ['wheel'] })
  const fresh = await world.release('fresh', '1.0', { kinds: ['wheel'] })
  const policy = policyOf('mode: audit', STRICT, 'projects:', rule('demo'), '')
  const { update, text } = desk(desk_, policy)
  const gate = await desk_.gate(policy)
  for (const { wheel } of [good, bare, bare, bare, fresh]) t.equal(await desk_.ask(gate, wheel), 200)
  await gate.stop()
  const { exit, out } = await update('--journal', '7d')
  t.equal(exit, 0)
  t.match(out, /^New publishers \(1\)\n {2}\+ fresh 1\.0 /)
  t.match(out, /\+ bare 1\.0 {2}1 file, .* old, 3 downloads of ours, never seen attested/)
  t.match(await update('--journal', '7d'), { exit: 0, out: /nothing changes/ })
  const path = join(world.folder, 'acme.yaml')
  writeFileSync(path, text().replace('mode: audit', 'mode: enforce'))
  clock.now += 8 * 86_400_000
  t.match(await update('--journal', '7d'), { exit: 0, out: /nothing changes/ }, 'what is longer ago does not count')
})
