import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { TlsFiles } from '../config/sections/tls.ts'
import { errorCode, whyUnread } from '../domain/base/error-code.ts'
import { GateError } from '../domain/base/errors.ts'
import type { TlsPair, TlsSource } from '../http/exchange/settings.ts'
import type { Events } from '../observe/events.ts'

/** How soon files that changed are noticed. Milliseconds. */
const EVERY_MS = 2_000

/** Where the configuration names the two. */
export type TlsSetting = 'tls' | 'console.tls'

export interface ReloadingTls extends TlsSource {
  /** Looks at the files now. What cannot be used changes nothing, and is told once. */
  reload(): void
  close(): void
}

/** The configured certificate and key, read again when they change; `undefined` where there are none. Throws `config-invalid`. */
export function openTls(
  { cert, key }: TlsFiles,
  {
    events,
    setting,
    everyMs = EVERY_MS,
  }: { readonly events: Events; readonly setting: TlsSetting; readonly everyMs?: number },
): ReloadingTls | undefined {
  if (cert === undefined || key === undefined) return undefined
  const paths = { cert, key }
  let pair = readPair(paths, setting)
  let wrong = ''
  const listeners: ((pair: TlsPair) => void)[] = []
  const timer = setInterval(reload, everyMs).unref()

  function reload(): void {
    try {
      const next = readPair(paths, setting)
      wrong = ''
      if (next.cert === pair.cert && next.key === pair.key) return
      pair = next
      for (const tell of listeners) tell(next)
      events.emit({ type: 'lifecycle', action: 'certificate', detail: describe(next, setting) })
    } catch (error) {
      if (!(error instanceof GateError)) throw error
      // while one file of the two is written and the other is not yet, this is so for a moment
      if (wrong === error.detail) return
      wrong = error.detail
      events.emit({ type: 'config-warning', detail: `${wrong}; the certificate that was read before stays in use` })
    }
  }

  return {
    current: () => pair,
    watch: changed => void listeners.push(changed),
    reload,
    close: () => clearInterval(timer),
  }
}

/** @throws GateError `config-invalid`, without a word of what the files hold */
export function readPair({ cert, key }: { readonly cert: string; readonly key: string }, setting: TlsSetting): TlsPair {
  const pair = { cert: readText(`${setting}.cert`, cert), key: readText(`${setting}.key`, key) }
  try {
    createSecureContext(pair)
    new X509Certificate(pair.cert)
  } catch (cause) {
    const why = /KEY_VALUES_MISMATCH|key values mismatch/.test(`${errorCode(cause)} ${String(cause)}`)
      ? 'the key is not that of the certificate'
      : 'they are no certificate and key in PEM'
    throw new GateError('config-invalid', `${setting}: ${cert} and ${key} cannot be used: ${why}`)
  }
  return pair
}

function readText(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new GateError('config-invalid', `${setting}: ${path} ${whyUnread(cause)}`, {
      cause,
    })
  }
}

function describe({ cert }: TlsPair, setting: TlsSetting): string {
  const { validTo, fingerprint256 } = new X509Certificate(cert)
  return `a new certificate of ${setting} is in use, until ${validTo} (sha256 ${fingerprint256})`
}
