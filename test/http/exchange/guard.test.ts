import t from 'tap'
import { ANONYMOUS } from '../../../src/http/exchange/client.ts'
import { admitAnybody } from '../../../src/http/exchange/guard.ts'

t.test('where nobody has to say who they are, everybody is nobody in particular', async t =>
  t.strictSame(
    admitAnybody({
      request: { headers: {}, rawHeaders: [] },
      address: '192.0.2.1',
      peer: '192.0.2.1',
      access: 'guarded',
    }),
    {
      address: '192.0.2.1',
      subject: ANONYMOUS,
    },
  ),
)
