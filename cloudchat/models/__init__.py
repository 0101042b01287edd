"""Every table, importable from one place so that the mapper and the migrations see them all."""

from cloudchat.models.account_safety import Mail, PasswordReset, RecoveryCode, SecondFactor
from cloudchat.models.assistant import AssistantChoice, AssistantSettings, AssistantUsage
from cloudchat.models.audit import AuditEntry
from cloudchat.models.bot_hours import ChatbotException, ChatbotSchedule
from cloudchat.models.bot_turns import (
    ChatbotAnalytics,
    ChatbotClosedNotice,
    ChatbotInteraction,
    ChatbotTalk,
)
from cloudchat.models.bots import Chatbot, ChatbotDevice, ChatbotPhrase, ChatbotQa
from cloudchat.models.broadcasts import (
    Broadcast,
    BroadcastOptOut,
    BroadcastRecipient,
    BroadcastSettings,
)
from cloudchat.models.contact_imports import ContactImport
from cloudchat.models.contacts import Contact, ContactFilter, ContactIdentity
from cloudchat.models.conversations import Conversation, ConversationEvent, Note
from cloudchat.models.data import DataExport, RetentionSettings
from cloudchat.models.delivery import DevicePace, IdempotencyKey, OutboxEntry, WebhookEvent
from cloudchat.models.devices import Device
from cloudchat.models.divisions import Division, DivisionAgent
from cloudchat.models.labels import CannedReply, ContactLabel, ConversationLabel, Label
from cloudchat.models.messages import Attachment, Message
from cloudchat.models.messenger_connects import MessengerConnect
from cloudchat.models.notifications import (
    InstallationSecret,
    Notification,
    NotificationSettings,
    PushSubscription,
)
from cloudchat.models.ongkir import OngkirCache, OngkirLog, OngkirSettings, OngkirTalk, OngkirUsage
from cloudchat.models.organizations import Organization
from cloudchat.models.pipelines import (
    Pipeline,
    PipelineRun,
    PipelineStage,
    PipelineStageHistory,
    PipelineView,
)
from cloudchat.models.queueing import DivisionChoice, QueueEntry, QueueSettings
from cloudchat.models.ratings import ConversationRating
from cloudchat.models.templates import MessageTemplate, MetaTemplate, MetaTemplateSync
from cloudchat.models.users import ApiToken, Invitation, User, UserSession
from cloudchat.models.webhooks import Webhook, WebhookDelivery, WebhookTry

__all__ = [
    "ApiToken",
    "AssistantChoice",
    "AssistantSettings",
    "AssistantUsage",
    "Attachment",
    "AuditEntry",
    "Broadcast",
    "BroadcastOptOut",
    "BroadcastRecipient",
    "BroadcastSettings",
    "CannedReply",
    "Chatbot",
    "ChatbotAnalytics",
    "ChatbotClosedNotice",
    "ChatbotDevice",
    "ChatbotException",
    "ChatbotInteraction",
    "ChatbotPhrase",
    "ChatbotQa",
    "ChatbotSchedule",
    "ChatbotTalk",
    "Contact",
    "ContactFilter",
    "ContactIdentity",
    "ContactImport",
    "ContactLabel",
    "Conversation",
    "ConversationEvent",
    "ConversationLabel",
    "ConversationRating",
    "DataExport",
    "Device",
    "DevicePace",
    "Division",
    "DivisionAgent",
    "DivisionChoice",
    "IdempotencyKey",
    "InstallationSecret",
    "Invitation",
    "Label",
    "Mail",
    "Message",
    "MessageTemplate",
    "MessengerConnect",
    "MetaTemplate",
    "MetaTemplateSync",
    "Note",
    "Notification",
    "NotificationSettings",
    "OngkirCache",
    "OngkirLog",
    "OngkirSettings",
    "OngkirTalk",
    "OngkirUsage",
    "Organization",
    "OutboxEntry",
    "PasswordReset",
    "Pipeline",
    "PipelineRun",
    "PipelineStage",
    "PipelineStageHistory",
    "PipelineView",
    "PushSubscription",
    "QueueEntry",
    "QueueSettings",
    "RecoveryCode",
    "RetentionSettings",
    "SecondFactor",
    "User",
    "UserSession",
    "Webhook",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookTry",
]
