import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose'
import type { Test } from 'tap'
import { serve } from './loopback.ts'
import type { TlsIdentity } from './tls-certificates.ts'

type Keys = Awaited<ReturnType<typeof generateKeyPair>>

/** An issuer of OIDC tokens on a loopback port: keys that rotate, and a server that can be made to fail. */
export interface Issuer {
  /** as it stands in tokens */
  readonly url: string
  /** what was asked, in order */
  readonly asked: string[]
  /** answered instead of documents, where set */
  status: number | undefined
  /** documents by path, in place of its own */
  readonly instead: Record<string, unknown>
  /** the keys that it shows, by `kid` */
  readonly shown: Map<string, JWK>
  /** a new key, shown from now on, that signs from now on */
  rotate(kid: string, alg?: 'RS256' | 'ES256'): Promise<void>
  /** signed by the key in use; `undefined` leaves a claim out */
  sign(claims: Readonly<Record<string, unknown>>, header?: Partial<JWTHeaderParameters>): Promise<string>
}

/** `usual`: claims of every token that does not say otherwise; `tls`: over HTTPS. */
export async function startIssuer(
  t: Test,
  usual: Readonly<Record<string, unknown>> = {},
  tls?: TlsIdentity,
): Promise<Issuer> {
  const asked: string[] = []
  const shown = new Map<string, JWK>()
  const instead: Record<string, unknown> = {}
  let using: { readonly keys: Keys; readonly kid: string; readonly alg: string } | undefined
  const issuer: { status: number | undefined } = { status: undefined }
  let url = ''
  const { origin } = await serve(
    t,
    (request, response) => {
      asked.push(request.url ?? '')
      const documents: Readonly<Record<string, unknown>> = {
        '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
        '/keys': { keys: [...shown.values()] },
        ...instead,
      }
      const document = documents[request.url ?? '']
      response.statusCode = issuer.status ?? (document === undefined ? 404 : 200)
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(document ?? {}))
    },
    tls,
  )
  url = origin
  const told: Issuer = {
    url,
    asked,
    shown,
    instead,
    get status() {
      return issuer.status
    },
    set status(status) {
      issuer.status = status
    },
    async rotate(kid, alg = 'RS256') {
      const keys = await generateKeyPair(alg, { extractable: true })
      shown.set(kid, { ...(await exportJWK(keys.publicKey)), kid, alg, use: 'sig' })
      using = { keys, kid, alg }
    },
    async sign(claims, header = {}) {
      if (using === undefined) throw new TypeError('rotate makes the first key')
      const now = Math.floor(Date.now() / 1_000)
      const { kid, alg, keys } = using
      return await new SignJWT({ iss: url, iat: now, exp: now + 300, ...usual, ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(keys.privateKey)
    },
  }
  await told.rotate('one')
  return told
}
