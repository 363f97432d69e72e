import type { Check } from '../../gate/gate.ts'
import type { Router } from '../door/router.ts'
import { NOSNIFF, sendAnswer } from '../exchange/answer.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { assertMayReadMetrics } from '../exchange/permissions.ts'
import type { Servings } from '../exchange/settings.ts'

/** `/healthz` says that the process answers, `/readyz` whether it should be asked, `/metrics` what it did. */
export function addOperations(router: Router, servings: Servings): void {
  const [{ settings }] = servings
  router.addOpen('/healthz', 'healthz', exchange => sendJson(exchange, 200, { ok: true, version: settings.version }))
  router.addOpen('/readyz', 'readyz', async exchange => {
    const checks = await readinessOf(servings)
    const ready = checks.every(({ ok }) => ok)
    const told = checks.map(({ name, ...check }) => [name, check] as const)
    sendJson(exchange, ready ? 200 : 503, { ready, checks: Object.fromEntries(told) })
  })
  router.add('/metrics', 'metrics', async exchange => {
    assertMayReadMetrics(exchange.client)
    const { contentType, body } = await settings.metrics()
    sendAnswer(exchange, {
      status: 200,
      headers: ['Content-Type', contentType, 'Cache-Control', 'no-store', ...NOSNIFF],
      body: Buffer.from(body),
      holds: 'words',
    })
  })
}

/** Of several indexes each check is named with its index, where it is not the same for all; then where each index is. */
async function readinessOf(servings: Servings): Promise<readonly Check[]> {
  const all = await Promise.all(
    servings.map(async ({ gate, name }) => {
      return { index: name, checks: await gate.readiness() }
    }),
  )
  const told = servings.map(({ index, path }): Check => ({ name: `index ${index}`, ok: true, detail: `at ${path}/` }))
  const checks = (all[0]?.checks ?? []).flatMap((check, place) => {
    const each = all.flatMap(({ index, checks }) => {
      const its = checks[place]
      return its === undefined ? [] : [{ ...its, name: `${its.name} ${index}` }]
    })
    const isShared = each.every(({ ok, detail }) => ok === check.ok && detail === check.detail)
    return isShared ? [check] : each
  })
  return [...checks, ...told]
}

export function sendJson(exchange: Exchange, status: number, value: unknown, more: readonly string[] = []): void {
  sendAnswer(exchange, {
    status,
    headers: ['Content-Type', 'application/json', 'Cache-Control', 'no-store', ...NOSNIFF, ...more],
    body: Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`),
    holds: 'words',
  })
}
