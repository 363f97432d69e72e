import { z } from 'zod'
import type { NoticeType } from '../../ports/console/notices.ts'
import { isPermittedTransport } from '../../protocol/simple/upstream-base.ts'
import { pathBelow } from '../parts.ts'

const EVENTS = [
  'refused',
  'alarm',
  'held',
  'requested',
  'approved',
  'declined',
  'withdrawn',
  'revoked',
  'expiring',
  'reload-failed',
  'trust-ageing',
] as const satisfies readonly NoticeType[]

/** https:, or http: on a loopback address; path and query may be a secret, so nothing repeats them. */
const hookUrl = z.codec(z.string(), z.string(), {
  decode(text, context) {
    const url = URL.parse(text)
    const wrong = url === null ? 'is not an absolute URL' : whyNot(url)
    if (url !== null && wrong === undefined) return url.href
    context.issues.push({ code: 'custom', input: undefined, message: wrong ?? '' })
    return z.NEVER
  },
  encode: url => url,
})

function whyNot(url: URL): string | undefined {
  if (url.username !== '' || url.password !== '') return 'holds credentials; receivers know the gate by secret_file'
  if (url.hash !== '') return 'has a fragment'
  return isPermittedTransport(url) ? undefined : 'is neither https: nor http: on a loopback address'
}

/** Where notices go. Paths resolve against `folder`. */
export function notifySection(folder: string) {
  const hook = z
    .strictObject({
      url: hookUrl,
      secret_file: pathBelow(folder).optional(),
      events: z.array(z.enum(EVENTS)).min(1).optional(),
      template: z.enum(['standard', 'slack', 'teams']).prefault('standard'),
      ca: pathBelow(folder).optional(),
    })
    .refine(({ template, secret_file: file }) => template !== 'standard' || file !== undefined, {
      error: 'is missing: the file with the secret (whsec_…) that the receiver knows the gate by',
      path: ['secret_file'],
    })
  return z.array(hook).check(context => {
    const urls = context.value.map(({ url }) => url)
    for (const [place, url] of urls.entries())
      if (urls.indexOf(url) < place)
        context.issues.push({
          code: 'custom',
          input: undefined,
          path: [place, 'url'],
          message: 'names the same URL as another; put their events together',
        })
  })
}

export type HookSettings = z.output<ReturnType<typeof notifySection>>[number]
