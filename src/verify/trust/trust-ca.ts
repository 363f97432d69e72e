import { X509Certificate } from 'node:crypto'
import { GateError } from '../../domain/base/errors.ts'

/** Each certificate is read here, because the TLS library skips what it cannot read. Throws `config-invalid`. */
export function readTrustCa(bundle: string): readonly string[] {
  const blocks = bundle.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  try {
    if (blocks.length === 0) throw new Error('no certificate')
    return blocks.map(block => new X509Certificate(block).toString())
  } catch (cause) {
    throw new GateError('config-invalid', 'upstream.ca holds no PEM certificate, or something that is none', { cause })
  }
}
