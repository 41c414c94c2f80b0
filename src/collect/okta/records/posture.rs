//! What the organisation watches and guards with, and the organisation as a whole.

use super::super::answer::{AuthorizationServer, DeviceAssurance, EventHook, LogStream, Zone};
use super::super::endpoint::{AUTHORIZATION_SERVERS, DEVICE_ASSURANCES, EVENT_HOOKS, LOG_STREAMS, ZONES};
use super::{Site, count, set_some};
use crate::model::{AttributeName, Attributes, Known, Record, Setting, SettingKind};

/// The lists that describe an organisation.
pub(in crate::collect::okta) struct Posture {
    pub(in crate::collect::okta) streams: Known<Vec<LogStream>>,
    pub(in crate::collect::okta) hooks: Known<Vec<EventHook>>,
    pub(in crate::collect::okta) zones: Known<Vec<Zone>>,
    pub(in crate::collect::okta) devices: Known<Vec<DeviceAssurance>>,
}

fn listed<T>(list: &Known<Vec<T>>) -> &[T] {
    list.value().map(Vec::as_slice).unwrap_or_default()
}

/// Counts what holds; not known where the list was not read.
fn counted<T>(list: &Known<Vec<T>>, holds: impl Fn(&T) -> bool) -> Known<i64> {
    match list {
        Known::Unknown(why) => Known::Unknown(why.clone()),
        known => Known::Value(count(listed(known).iter().filter(|one| holds(one)).count())),
    }
}

/// The settings of an organisation.
pub(in crate::collect::okta) fn posture(site: &Site<'_>, it: &Posture) -> Vec<Record> {
    let mut records = Vec::new();
    let mut add = |setting: Setting| records.push(Record::Setting(setting));
    for stream in listed(&it.streams) {
        let mut attributes = Attributes::default().with(AttributeName::Status, stream.status.as_str());
        set_some(&mut attributes, AttributeName::Form, stream.kind.clone());
        let evidence = site.evidence(&LOG_STREAMS, "", &stream.name);
        let id = site.urn("log-stream", &stream.id);
        add(site.setting(SettingKind::OktaLogStream, id, &stream.name, attributes, evidence));
    }
    for hook in listed(&it.hooks) {
        let mut attributes = Attributes::default().with(AttributeName::Status, hook.status.as_str());
        set_some(&mut attributes, AttributeName::Form, hook.verification_status.clone());
        let evidence = site.evidence(&EVENT_HOOKS, "", &hook.name);
        let id = site.urn("event-hook", &hook.id);
        let mut setting = site.setting(SettingKind::OktaEventHook, id, &hook.name, attributes, evidence);
        // A user and a password may stand before the host.
        let host = hook.channel.config.uri.as_deref().and_then(|uri| uri.split(['/', '?', '#']).nth(2));
        let host = host.map(|host| host.rsplit('@').next().unwrap_or(host));
        setting.labels.extend(host.map(|host| ("host".to_owned(), host.to_owned())));
        add(setting);
    }
    for zone in listed(&it.zones) {
        let mut attributes = Attributes::default();
        set_some(&mut attributes, AttributeName::Status, zone.status.clone());
        set_some(&mut attributes, AttributeName::Form, zone.usage.clone());
        let evidence = site.evidence(&ZONES, "", &zone.name);
        add(site.setting(SettingKind::OktaNetworkZone, site.urn("zone", &zone.id), &zone.name, attributes, evidence));
    }
    for device in listed(&it.devices) {
        let mut attributes = Attributes::default();
        set_some(&mut attributes, AttributeName::Form, device.platform.clone());
        let evidence = site.evidence(&DEVICE_ASSURANCES, "", &device.name);
        let id = site.urn("device-assurance", &device.id);
        add(site.setting(SettingKind::OktaDeviceAssurance, id, &device.name, attributes, evidence));
    }
    let mut attributes = Attributes::default();
    attributes.set_known(AttributeName::LogStreams, counted(&it.streams, |stream| stream.status == "ACTIVE"));
    let is_live = |hook: &EventHook| hook.status == "ACTIVE" && hook.verification_status.as_deref() == Some("VERIFIED");
    attributes.set_known(AttributeName::VerifiedHooks, counted(&it.hooks, is_live));
    let evidence = site.evidence(&LOG_STREAMS, "", &site.host);
    add(site.setting(
        SettingKind::OktaOrganisation,
        site.urn("organisation", "self"),
        &site.host,
        attributes,
        evidence,
    ));
    records
}

impl Site<'_> {
    /// A custom authorization server.
    pub(in crate::collect::okta) fn server(&self, it: &AuthorizationServer) -> Setting {
        let attributes = Attributes::default().with(AttributeName::Status, it.status.as_str());
        let evidence = self.evidence(&AUTHORIZATION_SERVERS, "", &it.name);
        let id = self.urn("authorization-server", &it.id);
        self.setting(SettingKind::OktaAuthorizationServer, id, &it.name, attributes, evidence)
    }
}
