import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import type { AuditEntry } from '../../../src/ports/console/audit-log.ts'
import type { AccessRequest, RequestDecision, Requests } from '../../../src/ports/console/requests.ts'
import { START } from '../stores.ts'

export const MOST = { own: 20, all: 10_000 }
export const DAY = 86_400_000

/** A request about a refusal of its own. */
export function asked(id: string, changes: Partial<AccessRequest> = {}): AccessRequest {
  return {
    id,
    refusal: `refusal ${id}`,
    kind: 'file',
    index: 'main',
    project: 'demo',
    version: '1.0',
    filename: 'demo-1.0.tar.gz',
    sha256: sha256Of(id),
    code: 'unattested',
    reason: 'we need “it” \u{1f600}\nnow',
    by: { subject: 'token:ci', email: 'ada@acme.example', address: '192.0.2.1' },
    at: START,
    state: 'open',
    decision: undefined,
    ...changes,
  }
}

export function decision(changes: Partial<RequestDecision> = {}): RequestDecision {
  return {
    by: 'user:grace@acme.example',
    email: 'grace@acme.example',
    at: instant(START + 1),
    words: 'until 2.0 is out',
    ticket: 'SEC-7',
    approval: { extent: 'file', ends: instant(START + DAY), yaml: '---\nversion: 1\n' },
    ...changes,
  }
}

/** What the audit log says of a decision. */
export const DECIDED: AuditEntry = {
  at: START,
  action: 'approved',
  actor: 'user:ada',
  from: '192.0.2.1',
  target: 'a',
  why: undefined,
  detail: {},
}

/** What every store of requests does. `again`: as somebody else sees it, or after it was opened again. */
export function requestsConformance(
  name: string,
  open: (t: Test) => Promise<{ readonly requests: Requests; readonly again: () => Promise<Requests> }>,
): void {
  t.test(`${name}: a request is what was asked, whoever looks`, async t => {
    const { requests, again } = await open(t)
    const bare = asked('b', {
      sha256: undefined,
      version: undefined,
      by: { subject: 'anonymous', email: undefined, address: '::1' },
    })
    const own = asked('c', {
      by: { subject: 'token:ci', email: undefined, address: '::1', also: ['token:ci of then', 'user:grace'] },
    })
    for (const one of [asked('a'), bare, own]) {
      t.strictSame(await requests.ask(one, MOST), { request: one, isNew: true })
      t.strictSame(await (await again()).get(one.id), one)
      t.strictSame(await requests.ofRefusal(one.refusal), one)
    }
    t.equal(await requests.get('z'), undefined)
    t.equal(await requests.ofRefusal('z'), undefined)
  })

  t.test(
    `${name}: the same refusal twice is one request, until somebody has said no or its approval is gone`,
    async t => {
      const { requests } = await open(t)
      const first = asked('a')
      const second = { ...asked('b'), refusal: first.refusal }
      await requests.ask(first, MOST)
      t.strictSame(await requests.ask(second, MOST), { request: first, isNew: false })
      await requests.decide('a', 'open', 'approved', decision())
      t.match(await requests.ask(second, MOST), { request: { id: 'a' }, isNew: false }, 'it is approved')
      const later = { ...second, at: instant(START + DAY) }
      t.match(await requests.ask(later, MOST), { request: { id: 'b' }, isNew: true }, 'it has ended')
      t.match(await requests.ofRefusal(first.refusal), { id: 'b' }, 'the latest counts')
      await requests.decide('b', 'open', 'declined', decision({ approval: undefined }))
      const third = { ...asked('c'), refusal: first.refusal }
      t.match(
        await requests.ask(third, MOST),
        { request: { id: 'c' }, isNew: true },
        'who asked without need stands in nobody’s way',
      )
    },
  )

  t.test(`${name}: so many are open and no more, of one and in all`, async t => {
    const { requests } = await open(t)
    const most = { own: 2, all: 4 }
    const nobody = (address: string) => ({ by: { subject: 'anonymous', email: undefined, address } })
    await requests.ask(asked('a'), most)
    await requests.ask(asked('b'), most)
    t.strictSame(await requests.ask(asked('c'), most), { full: 'own' })
    await requests.ask(asked('d', nobody('192.0.2.1')), most)
    await requests.ask(asked('e', nobody('192.0.2.2')), most)
    t.strictSame(await requests.ask(asked('f', nobody('192.0.2.2')), most), { full: 'all' })
    await requests.decide('a', 'open', 'declined', decision({ approval: undefined }))
    t.match(await requests.ask(asked('c'), most), { isNew: true }, 'there is room again')
  })

  t.test(`${name}: of several who ask at once one is new, and no bound is broken`, async t => {
    const { requests, again } = await open(t)
    const other = await again()
    const same = await Promise.all(
      ['a', 'b', 'c', 'd'].map((id, at) => (at % 2 === 0 ? requests : other).ask(asked(id, { refusal: 'one' }), MOST)),
    )
    t.equal(same.filter(one => 'isNew' in one && one.isNew).length, 1)
    const many = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        (at % 2 === 0 ? requests : other).ask(asked(`m${at}`), { own: 5, all: 100 }),
      ),
    )
    t.equal(many.filter(one => 'isNew' in one && one.isNew).length, 4, 'with the one before')
  })

  t.test(`${name}: of two who decide at once one has decided`, async t => {
    const { requests, again } = await open(t)
    const other = await again()
    await requests.ask(asked('a'), MOST)
    const before = await requests.revision()
    const both = await Promise.all([
      requests.decide('a', 'open', 'approved', decision()),
      other.decide('a', 'open', 'declined', decision({ words: 'no', approval: undefined })),
    ])
    t.equal(both.filter(Boolean).length, 1)
    const { state, decision: made } = (await other.get('a')) ?? {}
    t.equal(state, both[0] ? 'approved' : 'declined')
    t.equal(made?.words, both[0] ? 'until 2.0 is out' : 'no')
    t.not(await other.revision(), before)
    t.equal(await other.revision(), await requests.revision())
    t.notOk(await requests.decide('z', 'open', 'declined', decision()), 'there is none')
  })

  t.test(`${name}: in force is what is approved, was not withdrawn, and has not ended`, async t => {
    const { requests, again } = await open(t)
    for (const id of ['a', 'b', 'c', 'd']) await requests.ask(asked(id), MOST)
    for (const id of ['b', 'a', 'c']) await requests.decide(id, 'open', 'approved', decision())
    await requests.decide('d', 'open', 'declined', decision({ approval: undefined }))
    await requests.decide('c', 'approved', 'withdrawn', decision())
    const ids = async (at: number) => (await (await again()).inForce(instant(at))).map(({ id }) => id)
    t.strictSame(await ids(START), ['a', 'b'])
    t.strictSame(await ids(START + DAY - 1), ['a', 'b'])
    t.strictSame(await ids(START + DAY), [])
    t.strictSame((await requests.inForce(START))[0]?.decision, decision(), 'as it was decided')
  })

  t.test(`${name}: a list is the newest first, in pages, of a state or a project`, async t => {
    const { requests } = await open(t)
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      await requests.ask(asked(id, { project: id === 'c' ? 'other' : 'demo' }), MOST)
      await turn()
    }
    await requests.decide('b', 'open', 'approved', decision())
    const ids = async (...of: Parameters<Requests['list']>) => (await requests.list(...of)).map(({ id }) => id).join('')
    t.equal(await ids({}, { limit: 9 }), 'edcba')
    t.equal(await ids({}, { limit: 2 }), 'ed')
    t.equal(await ids({}, { before: 'd', limit: 2 }), 'cb')
    t.equal(await ids({}, { before: 'nobody', limit: 9 }), '', 'of no such request')
    t.equal(await ids({ state: 'open' }, { limit: 9 }), 'edca')
    t.equal(await ids({ decided: true }, { limit: 9 }), 'b')
    t.equal(await ids({ project: 'other' }, { limit: 9 }), 'c')
    t.equal(await ids({ state: 'approved', project: 'other' }, { limit: 9 }), '')
  })
}
