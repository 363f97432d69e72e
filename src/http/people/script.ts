import type { Router } from '../door/router.ts'
import { NOSNIFF, sendAnswer } from '../exchange/answer.ts'

/** A script of ours at `/x/<file>`, beside the pages that name it. */
export function addScript(router: Router, file: string, text: string): void {
  const body = Buffer.from(text)
  router.add(`/x/${file}`, 'explain', exchange =>
    sendAnswer(exchange, {
      status: 200,
      headers: ['Content-Type', 'text/javascript; charset=utf-8', 'Cache-Control', 'no-cache', ...NOSNIFF],
      body,
    }),
  )
}
