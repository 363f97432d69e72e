import t, { type Test } from 'tap'
import { createFramework } from '../../../src/http/door/framework.ts'
import { createRouting } from '../../../src/http/door/router.ts'
import { RouteTable } from '../../../src/http/door/routes.ts'
import { sendAnswer } from '../../../src/http/exchange/answer.ts'
import type { Exchange } from '../../../src/http/exchange/exchange.ts'
import { serveExchanges } from '../exchange/one-exchange.ts'

const EVENTS = { emit: () => {} }

function say(exchange: Exchange, text: string): void {
  sendAnswer(exchange, { status: 200, headers: [], body: Buffer.from(`${exchange.route} ${text}`) })
}

/** Two routes, and how often the framework was loaded for them. */
async function scene(t: Test, { failures = 0 } = {}) {
  const loads: string[] = []
  const routing = createRouting({
    routes: new RouteTable(),
    events: EVENTS,
    load: async () => {
      loads.push('framework')
      if (loads.length <= failures) throw new Error('it could not be loaded')
      return createFramework(EVENTS)
    },
  })
  routing.addOpen('/alive', 'alive', exchange => say(exchange, 'here'))
  routing.add('/of/:name', 'of', (exchange, { name }) => say(exchange, name ?? ''))
  routing.otherwise(exchange => say(exchange, 'nothing'))
  const ask = await serveExchanges(t, exchange => routing.answer(exchange.request, exchange.response))
  t.teardown(() => routing.close())
  return { ask, loads }
}

t.test('whoever asks whether the gate lives needs no framework', async t => {
  const { ask, loads } = await scene(t)
  t.equal((await ask('/alive')).text, 'alive here')
  t.strictSame(loads, [])
})

t.test('the framework is loaded once, for the first whom it routes', async t => {
  const { ask, loads } = await scene(t)
  const paths = ['/of/many', '/of/few', '/elsewhere', '/alive?now', '/%61live']
  const told = ['of many', 'of few', 'none nothing', 'alive here', 'alive here']
  t.strictSame(await Promise.all(paths.map(async path => (await ask(path)).text)), told)
  t.equal((await ask('/of/more')).text, 'of more')
  t.strictSame(loads, ['framework'])
})

t.test('one that could not be loaded is loaded for the next', async t => {
  const { ask, loads } = await scene(t, { failures: 1 })
  t.equal((await ask('/of/many')).status, 500)
  t.equal((await ask('/of/many')).text, 'of many')
  t.strictSame(loads, ['framework', 'framework'])
})
