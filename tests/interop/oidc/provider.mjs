// A certified OpenID provider on loopback: node provider.mjs PORT KEYS.json, where KEYS.json is a JWK set with private keys.
// The first key that fits an algorithm signs; all of them are served.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [port, keys, modules] = process.argv.slice(2);
const found = createRequire(`${modules}/`).resolve('oidc-provider');
const { default: Provider } = await import(pathToFileURL(found));

const people = {
  rita: { name: 'Rita Rowe', groups: ['roads-desk'] },
  dora: { name: 'Dora Dee', groups: [], staff_code: 'dora' },
  otto: { name: 'Otto Other', groups: ['canteen'] },
};
const issuer = `http://127.0.0.1:${port}`;
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const provider = new Provider(issuer, {
  jwks: JSON.parse(readFileSync(keys)),
  clients: algorithms.map((alg) => ({
    client_id: `desk-${alg}`,
    token_endpoint_auth_method: 'none',
    redirect_uris: ['http://127.0.0.1:9/back'],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    application_type: 'native',
    id_token_signed_response_alg: alg,
  })),
  claims: { openid: ['sub', 'name', 'groups', 'staff_code'] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  extraTokenClaims: (_, token) => people[token.accountId],
  enabledJWA: { idTokenSigningAlgValues: algorithms },
  features: {
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx) => ({
        scope: 'reports',
        audience: 'mendway',
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: ctx.oidc.client.idTokenSignedResponseAlg } },
      }),
    },
  },
  cookies: { keys: ['a key of the tests'] },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
