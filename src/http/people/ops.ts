import type { Router } from '../door/router.ts'
import { NOSNIFF, sendAnswer } from '../exchange/answer.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { Serving } from '../exchange/settings.ts'

/** `/healthz` says that the process answers, `/readyz` whether it should be asked, `/metrics` what it did. */
export function addOperations(router: Router, serving: Serving): void {
  const { gate, settings } = serving
  router.addOpen('/healthz', 'healthz', exchange => sendJson(exchange, 200, { ok: true, version: settings.version }))
  router.addOpen('/readyz', 'readyz', async exchange => {
    const checks = await gate.readiness()
    const ready = checks.every(({ ok }) => ok)
    const told = checks.map(({ name, ...check }) => [name, check] as const)
    sendJson(exchange, ready ? 200 : 503, { ready, checks: Object.fromEntries(told) })
  })
  router.add('/metrics', 'metrics', async exchange => {
    const { contentType, body } = await settings.metrics()
    sendAnswer(exchange, {
      status: 200,
      headers: ['Content-Type', contentType, 'Cache-Control', 'no-store', ...NOSNIFF],
      body: Buffer.from(body),
      holds: 'words',
    })
  })
}

export function sendJson(exchange: Exchange, status: number, value: unknown): void {
  sendAnswer(exchange, {
    status,
    headers: ['Content-Type', 'application/json', 'Cache-Control', 'no-store', ...NOSNIFF],
    body: Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`),
    holds: 'words',
  })
}
