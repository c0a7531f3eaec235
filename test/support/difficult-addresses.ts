import { networkInterfaces } from 'node:os'

/** Hosts that are, mean, or look like this machine, its network or its provider's metadata, and names that nobody has. */
const HOSTS = [
  '127.0.0.1', '127.1', '127.0.1', '2130706433', '017700000001', '0177.0.0.1', '0x7f.0.0.1', '0x7f000001', '0x7f.1', '127.000.000.001', '127.0.0.1.', '127.1.', '0x7f.0x0.0x0.0x1', '127.0.0.0x1', '2130706433.', '0x7f000001.',
  'localhost', 'localhost.', 'LOCALHOST', 'LocalHost.', 'localhost.localdomain', 'ip6-localhost', 'ip6-loopback', 'foo.localhost', '0', '0.0.0.0', '0x0', '00', '0.0',
  '[::]', '[::1]', '[0:0:0:0:0:0:0:1]', '[0000:0000:0000:0000:0000:0000:0000:0001]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:ffff:127.0.0.1]', '[::127.0.0.1]', '[::7f00:1]', '[64:ff9b::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]', '[2002:7f00:0001::1]', '[2001:0:7f00:1::]', '[2001:0:4136:e378:8000:63bf:80ff:fffe]', '[fe80::1]', '[fe80::1%25lo]', '[fe80::1%lo]', '[::1%25lo]', '[fe80::5efe:127.0.0.1]', '[2001:db8::1]', '[fc00::1]', '[fd00:ec2::254]',
  '[ff02::1]', '[::ffff:0:127.0.0.1]', '[100::1]', '[5f00::1]', '[fec0::1]', '[3fff::1]', '10.0.0.1', '172.16.0.1', '192.168.0.1', '169.254.169.254', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '[::ffff:169.254.169.254]', '[::ffff:a9fe:a9fe]',
  '[64:ff9b::a9fe:a9fe]', '100.100.100.200', '100.64.0.1', '192.0.0.192', '198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '168.63.129.16', '192.88.99.1',
  '①②⑦.⓪.⓪.①', '127。0。0。1', '127．0．0．1', '127｡0｡0｡1', '１２７.0.0.1', 'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ', 'loca\u00adlhost', 'localho\u017ft', '127.0.0.1%00.host.invalid', '127%2e0%2e0%2e1', '%6c%6f%63alhost',
  'host.invalid@127.0.0.1', '127.0.0.1@host.invalid', 'user:pw@127.0.0.1', '127.0.0.1:80\\@host.invalid', 'host.invalid#@127.0.0.1', 'host.invalid\\@127.0.0.1', '127.0.0.1\t', '127.0.0.1\n', '1\t27.0.0.1', '127.0.0.1 ', '[::1]:80@host.invalid',
  'host.invalid', '4294967297', '127.0.0.256', '999', '[::1', '127.0.0.1]', ...Object.values(networkInterfaces()).flatMap((all = []) => all.filter(({ internal }) => !internal).map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address))),
]

/** Addresses of webhooks that may lead to no connection. `port`: where somebody listens on every loopback address; `own`: the service's; `database`: its PostgreSQL's. */
export const difficultAddresses = ({ port, own, database }: { readonly port: number; readonly own: number; readonly database: number }): readonly string[] => [
  ...HOSTS.map((host) => `http://${host}:${port}/h`),
  ...['healthcheck', 'test/callback/../healthcheck', 'test/callback/..%2fhealthcheck', 'test/callback/x/../../../events', 'test/callback/x?y=1'].map((path) => `http://127.0.0.1:${own}/v3/notifications/${path}`),
  ...['localhost', '127.1', '[::1]'].map((host) => `http://${host}:${own}/v3/notifications/test/callback/x`),
  `http://127.0.0.1:${own + 1}/v3/notifications/test/callback/x`, `http://user:pw@127.0.0.1:${own}/v3/notifications/test/callback/x`, `http://127.0.0.1:${database}/`, 'http://127.0.0.1:0/', 'http://127.0.0.1:65536/', 'http://127.0.0.1:22/',
  ...['https://127.0.0.1', 'HTTP://127.0.0.1', 'http:127.0.0.1', 'http:/127.0.0.1', 'http:///127.0.0.1', 'http:\\\\127.0.0.1', '//127.0.0.1'].map((begin) => `${begin}:${port}/`),
  'ftp://127.0.0.1/', 'file:///etc/passwd', `gopher://127.0.0.1:${port}/_x`, 'javascript:alert(1)', `http://127.0.0.1:${port}/a b`, `http://127.0.0.1:${port}/\0`, `http://127.0.0.1:${port}/%0d%0aX: y`, `http://127.0.0.1:${port}/\r\nX: y`,
  `http://:${port}/`, 'http://?', 'http://.', `http://..:${port}/`, `http://%:${port}/`, `http://${'a'.repeat(250)}.invalid:${port}/`, `http://${'a.'.repeat(1000)}invalid/`, `http://127.0.0.1:${port}/${'x'.repeat(2020)}`, `http://127.0.0.1:${port}/${'x'.repeat(2100)}`,
  `http://xn--:${port}/`, `http://xn--a:${port}/`, `http://a:b:c@127.0.0.1:${port}/`, `http://%E0%A4%A:x@127.0.0.1:${port}/`, `http://u%3Ax:y@127.0.0.1:${port}/`,
]
