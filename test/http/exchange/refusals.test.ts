import t from 'tap'
import { decide } from '../../../src/domain/decide/decide.ts'
import type { Refused } from '../../../src/domain/decide/verdict.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { explainUrl, sendRefusal } from '../../../src/http/exchange/refusals.ts'
import { listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'
import { serveExchanges, serving } from './one-exchange.ts'

const POLICY = policyOf('version: 1\nprojects: [{ match: pkg, identity: first-seen }]')
const REFUSED = decide(listed(), UNATTESTED, POLICY, NO_HISTORY, NOW) as Refused
const SERVING = serving('https://pypi.example')

t.test('a refusal is a 403 with its code in the phrase and in the body, and leads to its page', async t => {
  const ask = await serveExchanges(t, exchange => sendRefusal(SERVING, exchange, REFUSED))
  const answer = await ask('/', { headers: { 'user-agent': 'pip/25.0' } })
  t.match(answer, { status: 403, reason: /Refused by policy: unattested/, headers: { 'cache-control': 'no-store' } })
  t.match(answer.json(), { code: 'unattested', explain: explainUrl(SERVING, 'id-of-unattested') })
})

t.test('a client that shows nothing but the URL is sent to one that carries the code', async t => {
  const ask = await serveExchanges(t, exchange => sendRefusal(SERVING, exchange, REFUSED))
  for (const agent of ['pdm/2.29.3', 'unearth/0.17']) {
    const { status, headers, text } = await ask('/', { headers: { 'user-agent': agent } })
    t.strictSame([status, headers['location'], text], [302, 'https://pypi.example/x/id-of-unattested/unattested', ''])
  }
})
