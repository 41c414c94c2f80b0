//! Private keys that sign, as PEM or JWK, and the JSON Web Signatures they make. Nothing of a key can be printed.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use ring::rsa::{KeyPair as RsaKeyPair, KeyPairComponents, PublicKeyComponents};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256};
use serde_json::{Value, json};

/// A key that signs by RS256 or ES256 (RFC 7518, 3.1).
pub(super) struct SigningKey {
    pair: Pair,
    /// The id that a JWK gives itself.
    pub(super) id: Option<String>,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
}

impl SigningKey {
    /// Reads a PEM (PKCS #8, or PKCS #1 for RSA) or a private JWK, as Okta's console gives them.
    ///
    /// # Errors
    /// What is wrong and how to mend it, without anything of the text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('{') {
            return Self::from_jwk(text);
        }
        let Some((label, der)) = pem(text) else {
            return Err(
                "the private key is neither PEM (-----BEGIN PRIVATE KEY-----) nor a JWK ({\"kty\": …})".to_owned()
            );
        };
        let pair = match label.as_str() {
            "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der).map(|pair| Pair::Rsa(Box::new(pair))).or_else(|why_rsa| {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &SystemRandom::new())
                    .map(|pair| Pair::Ec(Box::new(pair)))
                    .map_err(|_| {
                        format!("the private key can be neither RSA (2048 bits or more: {why_rsa}) nor EC P-256")
                    })
            }),
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der)
                .map(|pair| Pair::Rsa(Box::new(pair)))
                .map_err(|why| format!("the RSA private key cannot be used: {why}")),
            "EC PRIVATE KEY" => {
                Err("write the EC private key as PKCS #8: openssl pkcs8 -topk8 -nocrypt -in key.pem".to_owned())
            }
            "ENCRYPTED PRIVATE KEY" => {
                Err("the private key has a passphrase: openssl pkcs8 -in key.pem, and pass the result".to_owned())
            }
            _ => Err("the PEM holds no private key".to_owned()),
        };
        Ok(Self { pair: pair?, id: None })
    }

    fn from_jwk(text: &str) -> Result<Self, String> {
        let fields: BTreeMap<String, Value> = serde_json::from_str(text)
            .map_err(|_| "the private key begins like a JWK and is no JSON object".to_owned())?;
        let name = |name: &str| fields.get(name).and_then(Value::as_str);
        let bytes = |part: &str| {
            let text = name(part).ok_or_else(|| format!("the JWK has no '{part}': is it the public key alone?"))?;
            URL_SAFE_NO_PAD
                .decode(text.trim_end_matches('='))
                .map_err(|_| format!("'{part}' of the JWK is no base64url"))
        };
        let pair = match name("kty") {
            Some("RSA") => {
                let components = KeyPairComponents {
                    public_key: PublicKeyComponents { n: bytes("n")?, e: bytes("e")? },
                    d: bytes("d")?,
                    p: bytes("p")?,
                    q: bytes("q")?,
                    dP: bytes("dp")?,
                    dQ: bytes("dq")?,
                    qInv: bytes("qi")?,
                };
                let pair = RsaKeyPair::from_components(&components);
                Pair::Rsa(Box::new(pair.map_err(|why| format!("the RSA key of the JWK cannot be used: {why}"))?))
            }
            Some("EC") => {
                let public = [vec![4], bytes("x")?, bytes("y")?].concat();
                let pair = EcdsaKeyPair::from_private_key_and_public_key(
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    &bytes("d")?,
                    &public,
                    &SystemRandom::new(),
                );
                Pair::Ec(Box::new(
                    pair.map_err(|why| format!("the EC key of the JWK cannot be used (expected P-256): {why}"))?,
                ))
            }
            _ => return Err("the JWK is of a kind that cannot sign here (expected kty RSA or EC)".to_owned()),
        };
        Ok(Self { pair, id: name("kid").map(str::to_owned) })
    }

    /// A new EC key that lives as long as the run.
    pub(super) fn ephemeral() -> Result<Self, String> {
        let random = SystemRandom::new();
        let failed = |_| "no key could be made: the system gave no random numbers".to_owned();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(failed)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
        Ok(Self { pair: Pair::Ec(Box::new(pair.map_err(|why| why.to_string())?)), id: None })
    }

    /// The public part of an EC key as a JWK; `None` for RSA, which nothing here needs.
    pub(super) fn public_jwk(&self) -> Option<Value> {
        let Pair::Ec(pair) = &self.pair else { return None };
        let (x, y) = pair.public_key().as_ref().get(1..)?.split_at_checked(32)?;
        Some(json!({ "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y) }))
    }

    /// A signed token of these claims. `header` is added to `alg`.
    pub(super) fn jwt(&self, mut header: Value, claims: &Value) -> Result<String, String> {
        header["alg"] = json!(match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ec(_) => "ES256",
        });
        let text =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let random = SystemRandom::new();
        let failed = |_| "the token could not be signed".to_owned();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).map_err(failed)?;
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, text.as_bytes()).map_err(failed)?.as_ref().to_vec(),
        };
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// A name that is used once.
pub(super) fn unique() -> Result<String, String> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| "the system gave no random numbers".to_owned())?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Label and content of the first PEM block (RFC 7468). Line ends may be written as `\n`, as they are in environments.
fn pem(text: &str) -> Option<(String, Vec<u8>)> {
    let text = text.replace("\\n", "\n");
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let body: String = body.chars().filter(|letter| !letter.is_whitespace()).collect();
    Some((label.to_owned(), STANDARD.decode(body).ok()?))
}
