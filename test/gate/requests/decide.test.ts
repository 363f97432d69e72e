import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { createDecisions } from '../../../src/gate/requests/decide.ts'
import type { Notice } from '../../../src/ports/console/notices.ts'
import { createMemoryRequests } from '../../store/conformance/memory-requests.ts'
import { asked, decision, MOST } from '../../store/conformance/requests-conformance.ts'
import { NOW } from '../../world/judging/judging.ts'

async function openDecisions(requireHolder = false) {
  const requests = createMemoryRequests()
  const told: Notice[] = []
  const decisions = createDecisions({
    requests,
    indexes: new Map(),
    approvals: { refresh: async () => {} },
    notices: { tell: notice => void told.push(notice) },
    clock: () => NOW,
    requireHolder,
    consoleUrl: () => 'https://console.acme.example',
  })
  const grace = { subject: 'user:grace@acme.example', email: 'grace@acme.example', role: 'approver' } as const
  const by = { person: grace, from: '192.0.2.7' }
  return { requests, decisions, told, by }
}

t.test('what was declined and an approval that was withdrawn are told apart', async t => {
  const { requests, decisions, told, by } = await openDecisions()
  await requests.ask(asked('a'), MOST)
  await requests.ask(asked('b'), MOST)
  await requests.decide('b', 'open', 'approved', decision())
  await decisions.decline('a', by, 'take 2.1')
  await decisions.withdraw('b', by, '')
  t.match(told, [
    {
      type: 'declined',
      title: 'demo-1.0.tar.gz was declined by grace@acme.example',
      text: /^Asked by ada@acme\.example \(we need[\s\S]*\), declined by grace@acme\.example\.\ntake 2\.1$/,
      data: { state: 'declined', asked_by: 'ada@acme.example', ends: null },
    },
    {
      type: 'withdrawn',
      title: 'the approval of demo-1.0.tar.gz was withdrawn by grace@acme.example',
      text: /^It let through demo-1\.0\.tar\.gz, and would have until \d{4}-.* UTC\.\nAsked by/,
      data: { state: 'withdrawn', extent: 'file' },
    },
  ])
})

t.test('whoever decides is told what he left out, not what whoever asks would', async t => {
  const { requests, decisions, by } = await openDecisions()
  await requests.ask(asked('a'), MOST)
  await t.rejects(decisions.decline('a', by, ' '), { code: 'decision-invalid', detail: /say why/ })
  await t.rejects(decisions.decline('a', by, 'x'.repeat(2_001)), { code: 'decision-invalid' })
  t.match(await requests.get('a'), { state: 'open' })
})

t.test(
  'nobody declines or approves what a token of his asked, and he may withdraw what was approved of it',
  async t => {
    const { requests, decisions, by } = await openDecisions()
    const own = { subject: 'token:laptop', email: undefined, address: '::1', also: [by.person.subject] }
    await requests.ask(asked('a', { by: own }), MOST)
    const order = { ends: instant(NOW + 1), extent: 'file', ticket: '', words: '' } as const
    await t.rejects(decisions.approve('a', by, order), { code: 'own-request', detail: /who gave out a token/ })
    await t.rejects(decisions.decline('a', by, 'no'), { code: 'own-request' })
    await requests.decide('a', 'open', 'approved', decision())
    t.match(await decisions.withdraw('a', by, ''), { state: 'withdrawn' })
  },
)

t.test('where tokens have to be somebody’s, one that is nobody’s decides nothing and may withdraw', async t => {
  const { requests, decisions, by } = await openDecisions(true)
  await requests.ask(asked('a'), MOST)
  const bot = { ...by, person: { subject: 'token:bot', email: undefined, role: 'approver' } as const }
  const order = { ends: instant(NOW + 1), extent: 'file', ticket: '', words: '' } as const
  await t.rejects(decisions.approve('a', bot, order), { code: 'not-allowed-here', detail: /whose token:bot is/ })
  await t.rejects(decisions.decline('a', bot, 'no'), { code: 'not-allowed-here' })
  t.match(await decisions.decline('a', { ...bot, holder: 'grace@acme.example' }, 'no'), { state: 'declined' })
  await requests.ask(asked('b', { refusal: 'other' }), MOST)
  await requests.decide('b', 'open', 'approved', decision())
  t.match(await decisions.withdraw('b', bot, ''), { state: 'withdrawn' })
})
