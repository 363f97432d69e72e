import type { Remark } from '../../../src/cli/remarks/remark.ts'

/** A remark about nothing much. */
export function remark(changes: Partial<Remark> = {}): Remark {
  return {
    rule: { id: 'unattested', title: 'not attested', meaning: 'Nobody signed it.', help: 'Ask the project.' },
    level: 'error',
    message: 'pkg-1.0.tar.gz: has no attestation',
    lock: '/src/uv.lock',
    line: 10,
    about: 'pkg 1.0 unattested',
    ...changes,
  }
}

/** Text that would like to be more than that: lines, commands, properties, links and control characters. */
export const EVIL =
  'a\r\n::error::b\n##[error]c\u001b[31m%0A::set-output name=x::y, file=z [click](https://evil.example) \u202e\u2028'
