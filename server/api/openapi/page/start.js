/* global document, fetch, location, SwaggerUIBundle */

/**
 * Shows the document that this service serves, and sends every call to this service: the page may not reach any other.
 */
const { document: address, base } = document.getElementById('page').dataset

/**
 * The headers that a service sends beside its token are no part of the published document, because some generated
 * clients would put the token into them; here they can be filled in.
 */
const HEADERS_OF_SERVICES = {
  TapisUser: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Tapis-User',
    description: 'Only with the token of a service: the user that it acts for.',
  },
  TapisTenant: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Tapis-Tenant',
    description: 'Only with the token of a service: the tenant that it acts for.',
  },
}

const spec = await (await fetch(address)).json()
spec.servers = [{ url: location.origin + base }]
Object.assign(spec.components.securitySchemes, HEADERS_OF_SERVICES)
for (const operation of Object.values(spec.paths).flatMap((path) => Object.values(path))) {
  if (operation.security.length > 0) operation.security = [{ TapisJWT: [], TapisUser: [], TapisTenant: [] }]
}

SwaggerUIBundle({
  spec,
  dom_id: '#page',
  validatorUrl: null,
  supportedSubmitMethods: ['get', 'post', 'patch', 'delete'],
  docExpansion: 'list',
  tryItOutEnabled: true,
  displayRequestDuration: true,
})
