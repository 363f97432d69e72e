import { z } from 'zod'
import { addressRange, tryUpstreamBase } from '../address.ts'
import { pathBelow } from '../parts.ts'

/** In the environment there are only words. */
export const flag = z.codec(z.union([z.boolean(), z.enum(['true', 'false'])]), z.boolean(), {
  decode: written => written === true || written === 'true',
  encode: value => value,
})

/** Claims that a template names: `{repository}@{ref}`. */
const subjectTemplate = z.string().regex(/^(?:[^{}\s]|\{[A-Za-z0-9_./:-]+\})+$/, {
  error: 'must be text with claims in braces, such as "{repository}@{ref}"',
})

/** As it stands in tokens, to the last slash: https:, or http: on a loopback address. */
const issuer = z.string().check(context => {
  const base = tryUpstreamBase(context.value)
  if ('wrong' in base) context.issues.push({ code: 'custom', input: undefined, message: base.wrong })
})

/** What has to be written out, because without it everybody who gets a token of the issuer is let in. */
const claims = z.record(z.string().min(1), z.string(), {
  error: issue =>
    issue.input === undefined
      ? 'is missing: name at least one claim, such as { repository_owner: acme }; or write {} where everybody with a token of this issuer is meant, whom many issuers let choose the audience'
      : undefined,
})

/** Whoever has a token of this issuer, for this audience, with these claims. `ca` resolves against `folder`. */
function workload(folder: string) {
  return z.strictObject({
    issuer,
    audience: z.string().min(1),
    claims,
    subject: subjectTemplate.prefault('{sub}'),
    ca: pathBelow(folder).optional(),
  })
}
export type WorkloadSettings = z.output<ReturnType<typeof workload>>

/** A field name of HTTP that a front may have for itself: none that clients, proxies or the gate say something else with. */
const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, { error: 'must be the name of a header' })
  .refine(name => !TAKEN.has(name.toLowerCase()) && !TAKEN_FAMILIES.test(name), {
    error: 'is a header that says something else: take one that only the front sets, such as X-Forwarded-User',
  })

/** Families of request fields (RFC 9110, 9111, 9112, 7239, Fetch, and what proxies say of a connection). */
const TAKEN_FAMILIES =
  /^(?:accept|access-control|content|if|proxy|sec|x-forwarded-(?:for|host|port|proto|protocol|prefix|server|scheme|ssl|uri|method)|x-real-ip|x-original|x-http-method|x-request|x-correlation|x-amzn-trace|x-b3)(?:$|-)/i
const TAKEN = new Set([
  'age',
  'alt-used',
  'authorization',
  'cache-control',
  'cdn-loop',
  'client-ip',
  'connection',
  'cookie',
  'cookie2',
  'date',
  'depth',
  'destination',
  'dnt',
  'early-data',
  'expect',
  'forwarded',
  'from',
  'host',
  'http2-settings',
  'keep-alive',
  'last-event-id',
  'link',
  'max-forwards',
  'origin',
  'overwrite',
  'ping-from',
  'ping-to',
  'pragma',
  'prefer',
  'priority',
  'range',
  'referer',
  'save-data',
  'service-worker',
  'set-cookie',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'true-client-ip',
  'upgrade',
  'upgrade-insecure-requests',
  'user-agent',
  'via',
  'warning',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-requested-with',
])

/** Addresses of a front; the whole of a family is no front, but everybody. */
const frontRange = addressRange.refine(range => !isEverybody(range), {
  error: 'is everybody: whoever reaches the gate could call himself anything; name the addresses of the front',
})

/** `0.0.0.0/0`, `::/0`, and all of IPv4 as IPv6 has it (RFC 4291, 2.5.5.2). */
function isEverybody(range: string): boolean {
  const [address = '', bits] = range.split('/')
  return Number(bits ?? 1) === 0 || (/^(?:::ffff:|(?:0+:){5}ffff:)/i.test(address) && Number(bits ?? 128) <= 96)
}

function membersBelow(folder: string) {
  return { anonymous: flag, tokens: flag, workloads: z.array(workload(folder)) }
}

/** Who may ask; for every index that does not say otherwise. Paths resolve against `folder`. */
export function accessSection(folder: string) {
  const members = membersBelow(folder)
  return z
    .strictObject({
      anonymous: members.anonymous
        .prefault(true)
        .describe('whether whoever brings no credentials is served; `false`: 401. What is wrong is 401 in both'),
      tokens: members.tokens.prefault(true).describe('whether tokens of `portcullis token create` are taken'),
      workloads: members.workloads
        .prefault([])
        .describe(
          'OIDC tokens that are taken, each `{ issuer, audience, claims, subject, ca }`: signed by a key of the issuer, for this audience, with exactly these claims; `subject` is made of claims, such as `"{repository}@{ref}"`; `ca` is a PEM bundle to trust besides the usual ones when the issuer is asked (default: `upstream.ca`). In the environment: the list as YAML or JSON',
        ),
      front: z
        .strictObject({
          header: headerName.prefault('X-Forwarded-User').describe('the header in which a front names whom it let in'),
          from: z
            .array(frontRange)
            .prefault([])
            .describe('addresses and ranges (CIDR) of that front, as the connection has them; nobody else is believed'),
        })
        .prefault({}),
    })
    .prefault({})
}

/** What one index says for itself. */
export function indexAccess(folder: string) {
  const members = membersBelow(folder)
  return z.strictObject({
    anonymous: members.anonymous.optional(),
    tokens: members.tokens.optional(),
    workloads: members.workloads.optional(),
    front: z.strictObject({ header: headerName.optional(), from: z.array(frontRange).optional() }).optional(),
  })
}
type IndexAccess = z.output<ReturnType<typeof indexAccess>>

/** Who may ask an index, as it is in force. */
export interface AccessSettings {
  readonly anonymous: boolean
  readonly tokens: boolean
  readonly workloads: readonly WorkloadSettings[]
  readonly front: { readonly header: string; readonly from: readonly string[] }
}

/** What an index leaves out holds as it stands at the top. */
export function accessFor(top: AccessSettings, own: IndexAccess | undefined): AccessSettings {
  return {
    anonymous: own?.anonymous ?? top.anonymous,
    tokens: own?.tokens ?? top.tokens,
    workloads: own?.workloads ?? top.workloads,
    front: { header: own?.front?.header ?? top.front.header, from: own?.front?.from ?? top.front.from },
  }
}

/** Nobody at all could enter. A gate that is offline can ask no issuer, so it knows no workloads. */
export function isClosed(
  { anonymous, tokens, workloads, front }: AccessSettings,
  { offline }: { readonly offline: boolean } = { offline: false },
): boolean {
  return !anonymous && !tokens && (offline || workloads.length === 0) && front.from.length === 0
}
