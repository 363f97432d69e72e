// guards: src/cli/requests/list.ts src/cli/requests/show.ts src/cli/requests/ask.ts
// guards: src/cli/requests/decide.ts src/cli/requests/told.ts src/cli/requests/told-request.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ApiScope } from '../../../src/domain/access/scope.ts'
import { DAY, openTwoWays } from '../command/two-ways.ts'

async function openDesk(t: Test) {
  const scene = await openTwoWays(t)
  const as = async (name: string, scopes: readonly ApiScope[] = []) => {
    const file = join(scene.world.folder, `${name}.token`)
    writeFileSync(file, await scene.token(name, scopes))
    return ['--gate', scene.url, '--gate-token', file]
  }
  const [dev, approver] = [await as('asks', ['request']), await as('decides', ['approve'])]
  const ask = async () => {
    const asked = await scene.run(['requests', 'ask', scene.refusal, '--reason', 'wanted', '--format', 'json', ...dev])
    return String(JSON.parse(asked.out).id)
  }
  const status = async () => (await fetch(`${scene.gate.url}${scene.refusedWheel.path}`)).status
  return { ...scene, dev, approver, ask, status }
}
const dayAfter = (day: string) => new Date(Date.parse(day) + DAY).toISOString().slice(0, 10)
const ends = () => new Date(Date.now() + 7 * DAY).toISOString().slice(0, 10)

t.test('a refused file is asked for, approved and withdrawn from afar, and the gate goes by it', async t => {
  const { run, dev, approver, ask, status } = await openDesk(t)
  t.equal(await status(), 403)
  const id = await ask()
  t.match((await run(['requests', 'list', '--state', 'open', ...approver])).out, id)
  const approved = await run(['requests', 'approve', id, '--ends', ends(), '--ticket', 'SEC-7', ...approver])
  t.match(approved, { exit: 0, out: new RegExp(`approved until ${dayAfter(ends())}T00:00Z`) })
  t.equal(await status(), 200)
  t.match((await run(['requests', 'show', id, ...dev])).out, /ticket +SEC-7/)
  const withdrawn = await run(['policy', 'approvals', 'withdraw', id, '--reason', 'fixed in 2.1', ...approver])
  t.match(withdrawn, { exit: 0, out: /is approved no longer/ })
  t.equal(await status(), 403)
  t.match((await run(['requests', 'show', id, ...dev])).out, /withdrawn/)
  t.match((await run(['requests', 'list', '--state', 'open', ...approver])).out, /nobody asked/)
})

t.test('whoever approves is shown what he lets through, and lets nothing else through', async t => {
  const { run, approver, ask, status } = await openDesk(t)
  const id = await ask()
  const approve = ['requests', 'approve', id, '--ends', ends(), ...approver]
  const looked = await run([...approve, '--release', '--dry-run'])
  t.match(looked, { exit: 0, out: /^---\n[\s\S]*exemptions:[\s\S]*demo-2\.0\.tar\.gz[\s\S]*# --seen [0-9a-f]{64}\n$/ })
  t.equal(await status(), 403, 'nothing was decided')
  const file = JSON.parse((await run([...approve, '--dry-run', '--format', 'json'])).out)
  t.notMatch(file.yaml, 'demo-2.0.tar.gz')
  t.match(await run([...approve, '--release', '--seen', file.seen]), { exit: 2, err: /look again/ })
  t.match(await run([...approve, '--seen', 'x']), { exit: 2, err: /sha256/ })
  t.equal(await status(), 403)
  const approved = await run([...approve, '--release', '--format', 'json'])
  t.match(approved, { exit: 0, err: /exemptions:[\s\S]*demo-2\.0\.tar\.gz/ })
  t.match(JSON.parse(approved.out), { state: 'approved', decision: { approval: { extent: 'release' } } })
  t.equal(await status(), 200)
})

t.test('what a look without a decision showed is approved by its digest, and not shown again', async t => {
  const { run, approver, ask, status } = await openDesk(t)
  const id = await ask()
  const approve = ['requests', 'approve', id, '--ends', ends(), '--release', ...approver]
  const [, seen = ''] = /--seen (\S+)/.exec((await run([...approve, '--dry-run'])).out) ?? []
  t.match(await run([...approve, '--seen', seen]), { exit: 0, err: '' })
  t.equal(await status(), 200)
})

t.test('an approval is taken back where requests are decided, too', async t => {
  const { run, dev, approver, ask, status } = await openDesk(t)
  const id = await ask()
  t.equal((await run(['requests', 'approve', id, '--ends', '1d', ...approver])).exit, 0)
  t.equal(await status(), 200)
  t.match(await run(['requests', 'withdraw', id, '--words', 'no', ...dev]), { exit: 2, err: /scope/ })
  t.match(await run(['requests', 'withdraw', id, '--words', 'fixed in 2.1', ...approver]), {
    exit: 0,
    out: /withdrawn/,
  })
  t.equal(await status(), 403)
  t.match(await run(['requests', 'withdraw', id, '--words', 'again', ...approver]), { exit: 2 })
})

t.test('a request is declined with words', async t => {
  const { run, dev, approver, ask, status } = await openDesk(t)
  const id = await ask()
  t.equal((await run(['requests', 'decline', id, '--words', 'take 1.0', ...approver])).exit, 0)
  t.match((await run(['requests', 'show', id, ...dev])).out, /declined[\s\S]*take 1\.0/)
  t.equal(await status(), 403)
})

t.test('whoever may not, or names no gate or no request, is told so', async t => {
  const { run, dev, ask, status } = await openDesk(t)
  const id = await ask()
  const approve = ['requests', 'approve', id, '--ends', ends()]
  t.match(await run([...approve, ...dev]), { exit: 2, err: /scope/ })
  t.match(await run(approve), { exit: 2, err: /--gate/ })
  t.match(await run(['requests', 'show', 'nosuchrequest', ...dev]), { exit: 2 })
  t.equal(await status(), 403)
})

t.test('a refusal is asked for by its address, and an approval ends after a length of time, too', async t => {
  const { run, dev, approver, gate, refusal } = await openDesk(t)
  for (const address of [`${gate.url}/x/${refusal}`, `${gate.url}/x/${refusal}/unattested`]) {
    const asked = await run(['requests', 'ask', address, '--reason', 'one\ntwo', '--email', 'x@acme.example', ...dev])
    t.match(asked, { exit: 0, out: /asked by +x@acme\.example \(token:asks\)\n +reason +one \/ two\n/ }, address)
  }
  const [, id = ''] =
    /request +(\S+),/.exec((await run(['requests', 'ask', refusal, '--reason', 'r', ...dev])).out) ?? []
  const approved = await run(['requests', 'approve', id, '--ends', '2d', ...approver])
  t.match(approved.out, `approved until ${new Date(Date.now() + 2 * DAY).toISOString().slice(0, 10)}`)
})
