import { sendAnswer } from './answer.ts'
import type { Exchange } from './exchange.ts'
import type { Serving } from './settings.ts'

/** Where a page really is. */
interface Target {
  /** at the index, absolute */
  readonly path: string
  /** the same as seen from the request, so that a prefix in front of the gate survives; absent where it cannot be said */
  readonly relative?: string
}

const VISIBLE = /^\?[\x21-\x7e]{0,512}$/

/**
 * To the same page under its proper path. Nothing of it depends on the policy, so it may be permanent; its target is the
 * public URL or relative, never made from a Host header.
 */
export function sendRedirect(serving: Serving, exchange: Exchange, { path, relative }: Target): void {
  const { publicUrl } = serving.settings
  const absolute = `${serving.path}${path}`
  const location = publicUrl === undefined ? (relative ?? absolute) : `${publicUrl}${absolute}`
  sendAnswer(exchange, {
    status: 301,
    headers: ['Location', `${location}${queryOf(exchange.url)}`, 'Cache-Control', 'no-cache'],
    body: Buffer.alloc(0),
  })
}

function queryOf(url: string): string {
  const mark = url.indexOf('?')
  const query = mark < 0 ? '' : url.slice(mark)
  return VISIBLE.test(query) ? query : ''
}
