import t from 'tap'
import { downloadJson } from '../../../src/cli/command/told-downloads.ts'
import { instant } from '../../../src/domain/base/instant.ts'

t.test('what was not written down is null', async t =>
  t.strictSame(
    downloadJson({
      subject: undefined,
      client: '192.0.2.1',
      index: undefined,
      source: undefined,
      project: 'demo',
      filename: 'demo-1.0.tar.gz',
      sha256: undefined,
      verdict: 'attestation',
      rule: undefined,
      requests: 2,
      first: instant(0),
      last: instant(1),
    }),
    {
      subject: null,
      index: null,
      source: null,
      sha256: null,
      rule: null,
      client: '192.0.2.1',
      project: 'demo',
      filename: 'demo-1.0.tar.gz',
      verdict: 'attestation',
      requests: 2,
      first: '1970-01-01T00:00:00.000Z',
      last: '1970-01-01T00:00:00.001Z',
    },
  ),
)
