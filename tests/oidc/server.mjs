// An OAuth server (oidc-provider) with a protected resource beside it, for the tests of token handling.
//
// Prints its port as one line of JSON. Tests steer it under /control: the clock, outages, forgotten tokens, counts.

import { createServer } from "node:http";
import { Provider, errors } from "oidc-provider";

const LIFETIME = 30; // seconds of an access token
const SCOPES = "read write";

let offset = 0;
const realNow = Date.now;
Date.now = () => realNow() + offset; // the one clock of the whole server

const client = (id, method, grants) => ({
  client_id: id,
  client_secret: `${id}-secret`,
  token_endpoint_auth_method: method,
  grant_types: grants,
  response_types: grants.includes("authorization_code") ? ["code"] : [],
  redirect_uris: grants.includes("authorization_code") ? ["https://client.example/callback"] : [],
  scope: `openid offline_access ${SCOPES}`,
});

const state = { tokenRequests: 0, down: false };
const forgotten = new Set();

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address();
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [
    client("basic", "client_secret_basic", ["client_credentials"]),
    client("body", "client_secret_post", ["client_credentials"]),
    client("refresh", "client_secret_post", ["authorization_code", "refresh_token"]),
  ],
  scopes: ["openid", "offline_access", ...SCOPES.split(" ")],
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  rotateRefreshToken: true,
  ttl: { AccessToken: LIFETIME, ClientCredentials: LIFETIME, RefreshToken: 3600, Grant: 7200, IdToken: 60 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // the connector names the resource in the widespread parameter `audience`
      defaultResource: (ctx) => ctx.oidc.body?.audience || "urn:default",
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => {
        if (resource === "urn:unknown") throw new errors.InvalidTarget();
        return { scope: SCOPES, audience: resource, accessTokenFormat: "opaque", accessTokenTTL: LIFETIME };
      },
    },
  },
});
provider.on("server_error", (_, error) => console.error(error));

const handleOAuth = provider.callback();

async function refreshToken() {
  const accountId = "someone";
  const grant = new provider.Grant({ accountId, clientId: "refresh" });
  grant.addOIDCScope("openid offline_access");
  grant.addResourceScope("urn:default", SCOPES);
  const token = new provider.RefreshToken({
    accountId,
    client: await provider.Client.find("refresh"),
    grantId: await grant.save(),
    gty: "authorization_code",
    scope: `openid offline_access ${SCOPES}`,
    resource: "urn:default",
    authTime: Math.floor(Date.now() / 1000),
    claims: {},
  });
  return token.save();
}

async function resource(request) {
  const value = (request.headers.authorization ?? "").replace(/^Bearer /, "");
  const token = (await provider.ClientCredentials.find(value)) ?? (await provider.AccessToken.find(value));
  if (!token || token.isExpired || forgotten.has(value)) return [401, { error: "invalid_token" }];
  return [200, { client: token.clientId, audience: token.aud, scope: token.scope, token: value }];
}

async function control(url) {
  switch (url.pathname) {
    case "/control/advance":
      offset += Number(url.searchParams.get("seconds")) * 1000;
      return {};
    case "/control/down":
      state.down = url.searchParams.get("value") === "true";
      return {};
    case "/control/forget":
      forgotten.add(url.searchParams.get("token"));
      return {};
    case "/control/refresh-token":
      return { refresh_token: await refreshToken() };
    default:
      return state;
  }
}

function answer(response, status, content) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(content));
}

server.on("request", async (request, response) => {
  const url = new URL(request.url, issuer);
  if (url.pathname.startsWith("/control/")) return answer(response, 200, await control(url));
  if (url.pathname === "/resource") return answer(response, ...(await resource(request)));
  if (url.pathname === "/token") {
    state.tokenRequests += 1;
    if (state.down) return request.socket.destroy();
  }
  return handleOAuth(request, response);
});

console.log(JSON.stringify({ port }));
